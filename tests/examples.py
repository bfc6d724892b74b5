"""One file of each format in its real shape, made up, and the declarations it holds."""

import json

RUSSIAN = (
    "Номер декларации,Номер товара,Корректировка,Дата регистрации,Режим,ИНН получателя,Наименование получателя,"
    "Код товара по ТН ВЭД,Наименование товара,Страна происхождения,Вес нетто,Единица веса,Фактурная стоимость,Валюта,"
    '"Статистическая стоимость, USD"\n'
    "D1,1,,15.01.2025,40,111,АСАКА,3208201000,ЭМАЛЬ,KR,10.5,кг,100,EUR,110.25\n"
)
GRAPHS = (
    "ND;G072;G37;G081;G082;G31_1;G31_13;G33;G38;G42;G221;G46\n"
    "D1;15.01.2025;40;111;АСАКА;ЭМАЛЬ;KR;3208201000;10,5;100;EUR;110,25\n"
)
STATISTICAL_FORM = (
    "Регистрационный №;Дата подачи статформы;Код товара по ТН ВЭД ТС;Наименование товара по ТН ВЭД ТС;Вес нетто кг;"
    "Статистическая стоимость $;Код страны происхождения\n"
    "D1;15.01.2025;3208201000;ЭМАЛЬ;10,5;110,25;KR\n"
)
EXTRACT = (
    "\ufeffВес нетто, кг;Статистическая стоимость, USD;Фактурная стоимость;Таможенная стоимость;ИНН получателя;"
    "Код товара по ТН ВЭД;Дата регистрации;Дата выпуска;Год;Месяц;КВАРТАЛ;Направление перемещения\n"
    "10,5;110,25;100;1400000;111;3208201000;15.01.2025;16.01.2025;2025;1;1;ИМ\n"
    "7;70;;;111;3208201000;15.01.2025;16.01.2025;2025;1;1;ЭК\n"
)
ATLAS = (
    "DECLARATION NUMBER,ARRIVAL DATE,INCOTERMS,IMPORTER NAME,HS CODE,PRODUCT DETAILS,NET WEIGHT,QUANTITY,USD FOB,"
    "COUNTRY OF ORIGIN\nD1,2025-01-15,FOB,ASAKA,3208201000,ENAMEL,10.5,1,110.25,KR\n"
)
LATIN = (
    "BYuD raqami;Ro‘yxatga olingan sana;Bojxona rejimi;Oluvchining STIRi;Oluvchining nomi;TIF TN kodi;Tovar nomi;"
    "Kelib chiqqan mamlakati;Sof vazni, kg;Faktura qiymati;Valyuta;Statistik qiymati, ming AQSH dollari\n"
    "D1;15.01.2025;40;111;ASAKA;3208201000;EMAL;KR;10,5;100;EUR;0,11025\n"
)
CYRILLIC = (
    "БЮД рақами;Рўйхатга олинган сана;Божхона режими;Олувчининг СТИРи;Олувчининг номи;ТИФ ТН коди;Товар номи;"
    "Келиб чиққан мамлакати;Соф вазни, т;Фактура қиймати;Валюта;Статистик қиймати, минг АҚШ доллари\n"
    "D1;15.01.2025;40;111;АСАКА;3208201000;ЭМАЛЬ;KR;0,0105;100;EUR;0,11025\n"
)
DECLARATIONS = {
    "russian": RUSSIAN, "graphs": GRAPHS, "statistical form": STATISTICAL_FORM, "extract": EXTRACT, "atlas": ATLAS,
    "uzbek latin": LATIN, "uzbek cyrillic": CYRILLIC,
}  # fmt: skip

COMTRADE_HEADER = (
    "typeCode,freqCode,refPeriodId,refYear,refMonth,period,reporterCode,reporterISO,reporterDesc,flowCode,flowDesc,"
    "partnerCode,partnerISO,partnerDesc,partner2Code,partner2ISO,partner2Desc,classificationCode,"
    "classificationSearchCode,isOriginalClassification,cmdCode,cmdDesc,aggrLevel,isLeaf,customsCode,customsDesc,"
    "mosCode,motCode,motDesc,qtyUnitCode,qtyUnitAbbr,qty,isQtyEstimated,altQtyUnitCode,altQtyUnitAbbr,altQty,"
    "isAltQtyEstimated,netWgt,isNetWgtEstimated,grossWgt,isGrossWgtEstimated,cifvalue,fobvalue,primaryValue,"
    "legacyEstimationFlag,isReported,isAggregate"
)


def comtrade_row(usd, **changes):
    """The fields of one row, of the imports of 320820 from Korea in 2024 unless something else is asked for."""
    told = (
        "C A 20240101 2024 52 2024 860 UZB Uzbekistan M Import 410 KOR Korea 0 W00 World H6 HS True 320820 Paints 6 "
        "True C00 TOTAL 0 0 TOTAL 8 kg 10.5 False 8 kg 10.5 False 10.5 False - False 1 - 1 0 True False"
    )
    fields = dict(zip(COMTRADE_HEADER.split(","), told.replace("-", "").split(" "), strict=True))
    return fields | {"primaryValue": str(usd)} | changes


COMTRADE_ROWS = [
    comtrade_row(300, partnerCode="0", partnerISO="W00", partnerDesc="World", isAggregate="True"),
    comtrade_row(110.25),
    comtrade_row(190, partnerCode="156", partnerISO="CHN", netWgt=""),
    comtrade_row(60, partner2Code="276", partner2ISO="DEU"),
    comtrade_row(70, motCode="2100"),
    comtrade_row(80, customsCode="C05"),
    comtrade_row(90, flowCode="X"),
    comtrade_row(95, reporterCode="398"),
    comtrade_row(5000, cmdCode="32", aggrLevel="2"),
    comtrade_row(9, freqCode="M", period="202401", refMonth="1"),
]
COMTRADE_ASIDE = {
    2: "total_over_partners", 5: "breakdown_of_a_total", 6: "breakdown_of_a_total", 7: "breakdown_of_a_total",
    8: "other_flow", 9: "other_country", 10: "total_over_codes", 11: "other_frequency",
}  # fmt: skip


def comtrade(*, extra=0, weight="netWgt", rows=COMTRADE_ROWS):
    """The rows as Comtrade Plus writes them: a byte order mark, everything quoted, `extra` separators at the end."""
    lines = [",".join(f'"{field}"' for field in row.values()) + "," * extra for row in rows]
    header = ",".join(f'"{name}"' for name in COMTRADE_HEADER.split(","))
    return "\ufeff" + "\n".join([header, *lines]).replace('"netWgt"', f'"{weight}"') + "\n"


LEGACY = (
    "Classification,Year,Period,Period Desc.,Aggregate Level,Is Leaf Code,Trade Flow Code,Trade Flow,Reporter Code,"
    "Reporter,Reporter ISO,Partner Code,Partner,Partner ISO,2nd Partner Code,2nd Partner,2nd Partner ISO,"
    "Customs Proc. Code,Customs,Mode of Transport Code,Mode of Transport,Commodity Code,Commodity,Qty Unit Code,"
    "Qty Unit,Qty,Alt Qty Unit Code,Alt Qty Unit,Alt Qty,Netweight (kg),Gross weight (kg),Trade Value (US$),"
    "CIF Trade Value (US$),FOB Trade Value (US$),Flag\n"
    "H5,2024,2024,2024,6,1,1,Import,860,Uzbekistan,UZB,0,World,WLD,,,,,,,,320820,Paints,8,kg,10.5,,,,10.5,,300,,,0\n"
    "H5,2024,2024,2024,6,1,1,Import,860,Uzbekistan,UZB,410,Korea,KOR,,,,,,,,320820,Paints,8,kg,10.5,,,,10.5,,110.25,,,0\n"
    "H5,2024,2024,2024,6,1,2,Export,860,Uzbekistan,UZB,410,Korea,KOR,,,,,,,,320820,Paints,8,kg,1,,,,1,,7,,,0\n"
)
BACI = "t,i,j,k,v,q\n2024,410,860,320820,0.11025,0.0105\n2024,156,860,320820,0.19,NA\n2024,156,398,320820,5,1\n"
WITS = (
    "ReporterISO3,ReporterName,PartnerISO3,PartnerName,Year,TradeFlowName,TradeFlowCode,ProductCode,"
    "TradeValue in 1000 USD,NetWeight in KGM,Quantity,QtyUnit\n"
    "UZB,Uzbekistan,WLD,World,2024,Gross Imp.,1,320820,0.3,,,\n"
    "UZB,Uzbekistan,KOR,Korea,2024,Gross Imp.,1,320820,0.11025,10.5,10.5,Kg\n"
    "UZB,Uzbekistan,KOR,Korea,2024,Gross Exp.,2,320820,9,1,1,Kg\n"
)
TRADE_MAP_PRODUCTS = (
    "<html><head><title>Trade Map</title></head><body><table><tr><td>x</td></tr></table><table>"
    "<tr><th>Product code</th><th>Product label</th><th>Imported value in 2023</th><th>Imported value in 2024</th></tr>"
    "<tr><td>'TOTAL</td><td>All products</td><td>900</td><td>950</td></tr>"
    "<tr><td>'320820</td><td>Paints</td><td></td><td>0.11025</td></tr></table></body></html>"
)
TRADE_MAP_PARTNERS = (
    "Exporters\tImported value in 2023\tImported value in 2024\nWorld\t1\t2\nKorea, Republic of\t\t0.11025\n"
)
TRADE_MAP_BILATERAL = (
    "<html><body><table><tr><th rowspan=2>Product code</th><th rowspan=2>Product label</th>"
    "<th colspan=2>Uzbekistan's imports from Korea</th><th colspan=2>Korea's exports to world</th>"
    "<th colspan=2>Uzbekistan's imports from world</th></tr>"
    "<tr><th>Value in 2023</th><th>Value in 2024</th><th>Value in 2023</th><th>Value in 2024</th>"
    "<th>Value in 2023</th><th>Value in 2024</th></tr>"
    "<tr><td>'TOTAL</td><td>All products</td><td>900</td><td>950</td><td>1</td><td>2</td><td>3</td><td>4</td></tr>"
    "<tr><td>'320820</td><td>Paints</td><td></td><td>0.11025</td><td>9</td><td>9</td><td>8</td><td>8</td></tr>"
    "</table></body></html>"
)
EUROSTAT = (
    '"REPORTER","PARTNER","PRODUCT","FLOW","STAT_PROCEDURE","PERIOD","VALUE_IN_EUR"\n'
    '"Portugal","Uzbekistan","Total","EXPORT","Total","Aug. 2024",569515\n'
    '"Portugal","Uzbekistan","320820","EXPORT","Total","Aug. 2024",100\n'
    '"Portugal","Uzbekistan","320820","IMPORT","Total","Aug. 2024",7\n'
    '"Portugal","Kazakhstan","320820","EXPORT","Total","Aug. 2024",8\n'
)
SIAT_JSON = json.dumps(
    [
        {
            "metadata": [
                {"name_en": "Indicator name", "value_en": "Import volume", "name_uz": "Nomi", "value_uz": "Import"},
                {"name_en": "Unit of measurement", "value_en": "million US dollars", "value_ru": "млн долларов"},
            ],
            "data": [
                {
                    "Code": "320820",
                    "Klassifikator": "Bo‘yoqlar",
                    "Klassifikator_ru": "Краски",
                    "2024-M01": 1.5,
                    "2024-М02": 3.75,  # Cyrillic М
                    "2025-M01": 0.5,
                    "2025-M03": 4,
                }
            ],
        }
    ],
    ensure_ascii=False,
)
SIAT_CSV = (
    "\ufeffCode,Klassifikator,Klassifikator_ru,Klassifikator_en,2023,2024\n320820,Bo‘yoqlar,Краски,Paints,1.5,0.5\n"
)
RUSSIA = (
    "NAPR\tPERIOD\tSTRANA\tTNVED\tEDIZM\tSTOIM\tNETTO\tKOL\tREGION\tREGION_S\n"
    "ЭК\t01/2025\tUZ\t3208201000\tКГ\t110,25\t10,5\t0\t65000\t05\n"
    "ИМ\t01/2025\tUZ\t3208201000\tКГ\t7\t1\t0\t65000\t05\n"
    "ЭК\t01/2025\tKZ\t3208201000\tКГ\t8\t1\t0\t65000\t05\n"
)
UK = (
    "Cn8,Hs2,Hs4,Hs6,Description,Year,FlowType,Country,Value,NetMass,SuppUnit\n"
    "32082010,32,3208,320820,Paints,2024,Non-EU Exports,Uzbekistan,100,10.5,\n"
    "32082010,32,3208,320820,Paints,2024,Non-EU Imports,Uzbekistan,7,1,\n"
)
ANNUAL = "hs_code,description,year,value_usd,net_weight_kg,partners\n320820,Paints,2024,110.25,10.5,KOR\n"
FILES = {
    "customs_declarations": RUSSIAN, "hs_annual": ANNUAL, "comtrade": comtrade(), "comtrade_legacy": LEGACY,
    "baci": BACI, "wits": WITS, "trade_map_products": TRADE_MAP_PRODUCTS, "trade_map_partners": TRADE_MAP_PARTNERS,
    "trade_map_bilateral": TRADE_MAP_BILATERAL,
    "eurostat": EUROSTAT, "siat": SIAT_JSON, "russia_customs": RUSSIA, "uk_customs": UK,
}  # fmt: skip
