"""`importcut fetch comtrade|cbu|siat`."""

import re
from datetime import datetime
from itertools import product
from typing import Annotated

import typer

from importcut.app.cli.frame import DATASET, DEBUG, app, errors_in_a_line, from_here, progress_bar, tell

sources = typer.Typer(help="Ask online sources; answers are kept as received.", no_args_is_help=True)
app.add_typer(sources, name="fetch")
ASK_AGAIN = typer.Option("--again", help="Ask also for what is there; a former answer is put aside, not lost.")
QUIET = typer.Option("--quiet", help="No progress bar.")
MONTHS = ["%Y-%m"]
INTERVALS = {"month": "MS", "week": "7D", "day": "D"}


@sources.command(epilog="Example: importcut fetch comtrade --dataset uzbekistan --codes 281511 --years 2017-2024")
def comtrade(
    dataset: Annotated[str, DATASET],
    years: Annotated[str, typer.Option(help="2024, 2017-2024 or 2017,2019-2024.")],
    codes: Annotated[str, typer.Option(help="HS codes of 6 digits; by default those of products.csv.")] = "",
    reporter: Annotated[int, typer.Option(min=1, max=999, help="UN code of the importing country.")] = 860,
    again: Annotated[bool, ASK_AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Annual imports by HS code and partner from UN Comtrade, into imports/comtrade/ of the dataset.

    With a key in COMTRADE_KEY (free: comtradedeveloper.un.org), else the open preview of 500 rows a call. What is there
    is not asked for again, so an interrupted run goes on where it stopped. Exit code 1: no answer, or an odd one.
    """
    from importcut.intake.online import fetch, service
    from importcut.intake.opening import find_dataset

    with errors_in_a_line(debug), progress_bar("call", quiet or None) as progress:
        folder, source = find_dataset(dataset), service("comtrade")
        questions = [
            {"reporterCode": str(reporter), "cmdCode": code, "period": year}
            for year, code in product(_years(years), _codes(dataset, codes))
        ]
        files, new = fetch(folder, source, questions, again=again, progress=progress)
    tell(f"{source.title}: {new} new answers, {len(files) - new} there already")
    if nothing := len(questions) - len(files):
        tell(f"nothing published yet for {nothing} of {len(questions)} codes and years")
    tell(source.terms)


@sources.command(epilog="Example: importcut fetch cbu --dataset uzbekistan --from 2022-01 --currencies USD,EUR")
def cbu(
    dataset: Annotated[str, DATASET],
    since: Annotated[datetime, typer.Option("--from", formats=MONTHS, help="First month, 2022-01.")],
    until: Annotated[datetime | None, typer.Option("--to", formats=MONTHS, help="Last month; else this one.")] = None,
    currencies: Annotated[str, typer.Option(help="ISO codes; UZS is reckoned from the dollar.")] = (
        "USD,EUR,RUB,CNY,KRW,JPY,UZS"
    ),
    every: Annotated[str, typer.Option(help="Rates of the first of each month, or of each week or day.")] = "month",
    again: Annotated[bool, ASK_AGAIN] = False,
    quiet: Annotated[bool, QUIET] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """Official exchange rates from the Central Bank of Uzbekistan, into exchange_rates.csv of the dataset.

    Answers are kept in fetched/cbu/. A rate that differs from the one entered is told; the one entered stays.
    """
    import pandas as pd

    from importcut.intake.online import fetch_rates, service
    from importcut.intake.opening import find_dataset
    from importcut.schema import UsageError

    with errors_in_a_line(debug), progress_bar("call", quiet or None) as progress:
        folder, source = find_dataset(dataset), service("cbu")
        if every not in INTERVALS:
            raise UsageError(f"--every {every}: choose one of {', '.join(INTERVALS)}")
        today = pd.Timestamp.today().normalize()
        last = min(today, pd.Period(until or today, freq="M").end_time.normalize())
        days = pd.date_range(since, last, freq=INTERVALS[every])
        if days.empty:
            raise UsageError(f"--from {since:%Y-%m}: no day from then to {last:%Y-%m-%d}")
        named = list(dict.fromkeys(currencies.upper().replace(" ", "").split(",")))
        new, added, differing = fetch_rates(folder, source, days, named, again=again, progress=progress)
    tell(f"{source.title}: {new} new answers, {len(days) - new} there already; {added} rates added")
    if differing:
        tell(f"exchange_rates.csv: {len(differing)} differ and stay as entered; remove a row to take the one fetched")
        tell(*(f"  {difference}" for difference in differing))
    tell(source.terms)


@sources.command(epilog="Example: importcut fetch siat --dataset uzbekistan --indicator 225")
def siat(
    dataset: Annotated[str, DATASET],
    indicator: Annotated[int, typer.Option(min=1, help="The number in sdmx_data_<number>.json on siat.stat.uz.")],
    again: Annotated[bool, ASK_AGAIN] = False,
    debug: Annotated[bool, DEBUG] = False,
) -> None:
    """A series of the statistics agency, into fetched/siat/ of the dataset: totals for comparison.

    Months add up within the year in many of them; the figures are never counted as declarations.
    """
    from importcut.intake.online import fetch, service
    from importcut.intake.opening import find_dataset

    with errors_in_a_line(debug):
        source = service("siat")
        [file], new = fetch(find_dataset(dataset), source, [{"indicator": indicator}], again=again)
    tell(f"{source.title}: {from_here(file)}{'' if new else ' (there already)'}")
    tell(source.terms)


def _years(text: str) -> list[int]:
    from importcut.schema import UsageError

    spans = [part.split("-") for part in text.replace(" ", "").split(",")]
    written = all(re.fullmatch("(19|20)[0-9]{2}", year) for span in spans for year in span)
    years = {year for span in spans for year in range(int(span[0]), int(span[-1]) + 1)} if written else set()
    if not years:
        raise UsageError(f"--years {text}: no years — write 2024, 2017-2024 or 2017,2019-2024")
    return sorted(years)


def _codes(dataset: str, codes: str) -> list[str]:
    """The codes, or those of products.csv cut to the six digits that all countries share."""
    from importcut.intake.opening import open_dataset
    from importcut.schema import UsageError

    prefixes = codes.split(",") if codes else open_dataset(dataset).products["hs_prefixes"].str.split(";").explode()
    wanted = sorted({code.strip() if codes else code.strip()[:6] for code in prefixes})
    if short := [code for code in wanted if not re.fullmatch("[0-9]{6}", code)]:
        raise UsageError(f"code {', '.join(short)}: not of 6 digits — name codes of 6 digits with --codes")
    return wanted
