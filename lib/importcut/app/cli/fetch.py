"""`importcut fetch comtrade|cbu|siat`."""

import re
from typing import Annotated

import typer

from importcut.app.cli.frame import DATASET, DEBUG, app, errors_in_a_line, from_here, progress_bar

fetch = typer.Typer(help="Ask online sources; answers are kept as received.", no_args_is_help=True)
app.add_typer(fetch, name="fetch")
AGAIN = typer.Option("--again", help="Ask also for what is there; a former answer is put aside, not lost.")
QUIET = typer.Option("--quiet", help="No progress bar.")


@fetch.command(epilog="Example: importcut fetch comtrade --dataset uzbekistan --codes 281511,390410 --years 2017-2024")
def comtrade(
    dataset: Annotated[str, DATASET],
    years: Annotated[str, typer.Option(help="2024, 2017-2024 or 2017,2019-2024.")],
    codes: Annotated[str, typer.Option(help="HS codes of 6 digits; by default those of products.csv.")] = "",
    reporter: Annotated[str, typer.Option(help="UN code of the importing country; by default Uzbekistan.")] = "",
    again: Annotated[bool, AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Annual imports by HS code and partner from UN Comtrade, into imports/comtrade/ of the dataset.

    With a key in COMTRADE_KEY (free: comtradedeveloper.un.org), else the open preview of 500 rows a call. What is there
    is not asked for again, so an interrupted run goes on where it stopped. Exit code 1: no answer, or an odd one.
    """
    from dataclasses import replace

    from importcut.intake.connectors import fetch_trade, service
    from importcut.intake.opening import find_dataset
    from importcut.schema import UsageError

    with errors_in_a_line(debug), progress_bar("call", quiet or None) as progress:
        folder, span = find_dataset(dataset), _years(years)
        wanted = _codes(codes.split(",") if codes else _prefixes(dataset))
        asked = service("comtrade")
        if reporter and not re.fullmatch(r"[0-9]{1,3}", reporter):
            raise UsageError(f"--reporter {reporter}: not a UN code — write digits, 860 for Uzbekistan")
        if reporter:
            asked = replace(asked, query={**asked.query, "reporterCode": reporter})
        got = fetch_trade(folder, wanted, span, asked=asked, again=again, progress=progress)
    print(f"{asked.title}: {_count(got.new)} new in {from_here(got.folder)}, {got.standing} there already")
    for missing in got.without_rows:
        print(f"no rows published: {missing}")
    print(f"Source: {asked.source} — {asked.licence}")


@fetch.command(
    epilog="Example: importcut fetch cbu --dataset uzbekistan --from 2022-01 --to 2026-09 --currencies USD,EUR"
)
def cbu(
    dataset: Annotated[str, DATASET],
    since: Annotated[str, typer.Option("--from", help="First month, 2022-01.")],
    until: Annotated[str, typer.Option("--to", help="Last month; by default the current one.")] = "",
    currencies: Annotated[
        str, typer.Option(help="ISO codes; UZS is reckoned from the dollar.")
    ] = "USD,EUR,RUB,CNY,KRW,JPY,UZS",
    every: Annotated[
        str, typer.Option(help="Ask for the rates in force on the first of each month, each week or day.")
    ] = "month",
    replace: Annotated[
        bool, typer.Option("--replace", help="Put fetched rates in the place of others entered.")
    ] = False,
    again: Annotated[bool, AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Official exchange rates from the Central Bank of Uzbekistan, into exchange_rates.csv of the dataset.

    Answers are kept in fetched/cbu/. A rate that differs from the one entered is told, and stays without --replace.
    """
    from importcut.intake.connectors import fetch_rates, service
    from importcut.intake.opening import find_dataset

    with errors_in_a_line(debug), progress_bar("call", quiet or None) as progress:
        folder, days, asked = find_dataset(dataset), _days(since, until, every), service("cbu")
        wanted = list(dict.fromkeys(currencies.upper().replace(" ", "").split(",")))
        got = fetch_rates(folder, days, wanted, asked=asked, again=again, replace=replace, progress=progress)
    print(f"{asked.title}: {_count(range(got.asked))} new, {got.standing} there already; {got.added} rates added")
    verb = "replaced" if replace else "kept as entered (--replace takes those fetched)"
    if got.differences:
        print(f"{from_here(got.file)}: {len(got.differences)} differ, {verb}")
    for difference in got.differences:
        print(f"  {difference}")
    print(f"Source: {asked.source} — {asked.licence}")


@fetch.command(epilog="Example: importcut fetch siat --indicator 225 --dataset uzbekistan")
def siat(
    dataset: Annotated[str, DATASET],
    indicator: Annotated[int, typer.Option(min=1, help="The number in sdmx_data_<number>.json on siat.stat.uz.")],
    again: Annotated[bool, AGAIN] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """A series of the statistics agency, into fetched/siat/ of the dataset: totals for comparison.

    Months add up within the year in many of them; the figures are never counted as declarations.
    """
    from importcut.intake.connectors import fetch_indicator, service
    from importcut.intake.opening import find_dataset

    with errors_in_a_line(debug):
        asked = service("siat")
        got = fetch_indicator(find_dataset(dataset), indicator, asked=asked, again=again)
    print(f"{got.about.get('Indicator name', indicator)}, {got.about.get('Unit of measurement', 'unit not told')}")
    print(
        f"{got.rows} rows, {got.first} to {got.last}: {from_here(got.file)}{' (there already)' if got.standing else ''}"
    )
    print(f"Source: {asked.source} — {asked.licence}")


def _years(text: str) -> list[int]:
    from importcut.schema import UsageError

    spans = re.fullmatch(r"\d{4}(-\d{4})?(,\d{4}(-\d{4})?)*", text.replace(" ", ""))
    years = [part.split("-") for part in text.replace(" ", "").split(",")] if spans else []
    found = [year for span in years for year in range(int(span[0]), int(span[-1]) + 1)]
    if not found or not 1962 <= min(found) <= max(found) <= 2100:
        raise UsageError(f"--years {text}: no years from 1962 on — write 2024, 2017-2024 or 2017,2019-2024")
    return found


def _prefixes(dataset: str) -> list[str]:
    """The commodity codes of products.csv, cut to the six digits that all countries share."""
    from importcut.intake.opening import open_dataset

    return [code.strip()[:6] for codes in open_dataset(dataset).products["hs_prefixes"] for code in codes.split(";")]


def _codes(codes: list[str]) -> list[str]:
    from importcut.schema import UsageError

    codes = [code.strip() for code in codes]
    if bad := [code for code in codes if not re.fullmatch(r"[0-9]{6}", code)]:
        raise UsageError(f"code {', '.join(bad)}: not of 6 digits — name codes of 6 digits with --codes")
    return codes


def _days(since: str, until: str, every: str):
    import pandas as pd

    from importcut.schema import UsageError

    step = {"month": "MS", "week": "7D", "day": "D"}.get(every)
    if step is None:
        raise UsageError(f"--every {every}: choose month, week or day")
    today = pd.Timestamp.today().normalize()
    for name, month in (("--from", since), ("--to", until or f"{today:%Y-%m}")):
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month) or pd.Period(month) > today.to_period("M"):
            raise UsageError(f"{name} {month}: not a month that has begun — write it as 2022-01")
    last = pd.Period(until or f"{today:%Y-%m}").end_time.normalize()
    days = pd.date_range(pd.Period(since).start_time, min(last, today), freq=step)
    if days.empty:
        raise UsageError(f"--from {since} lies after --to {until}")
    return days


def _count(answers) -> str:
    return f"{len(answers)} answer{'' if len(answers) == 1 else 's'}"
