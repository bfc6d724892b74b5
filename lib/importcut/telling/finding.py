"""A finding: claim, text, table and grade, born together; its sentences are listed with their conditions."""

from dataclasses import asdict, dataclass, replace

import pandas as pd

from importcut.language import Voice
from importcut.letters import NO_FORMULA, as_html

COVER = "application/vnd.importcut.headline+json"  # what they are to a programme that reads the executed notebook
FINDING = "application/vnd.importcut.finding+json"
TABLE = "application/vnd.importcut.table+json"
PRECISION = 5e3  # USD; half of what two decimals of a million show: a smaller amount would be told as nothing
PARAGRAPH = 3  # sentences


@dataclass(frozen=True)
class Finding:
    """A claim as title, the text that reads the table, the table itself and the grade of the weakest figure in it."""

    title: str
    text: str
    table: pd.DataFrame | None = None
    evidence: str | None = None
    lead: str = ""  # the sentence that may stand alone

    @property
    def reading(self) -> str:
        """What a slide shows."""
        return self.lead or self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        about = {"title": self.title, "text": self.text, "reading": self.reading}
        return {"text/html": _html("h2", self.title, *self.text.split("\n\n")), FINDING: about}


@dataclass(frozen=True)
class Cover:
    """The first page: title, dataset and period, the report's first sentence, the mark of illustrative data."""

    title: str
    subtitle: str = ""
    headline: str = ""  # not shown by a notebook: for what publishes and lists reports
    mark: str = ""

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": _html("h1", self.title, self.subtitle, self.mark), COVER: asdict(self)}


def cover(answer: Finding, say: Voice) -> Cover:
    """The cover of the report that gives this answer."""
    subtitle = " · ".join(filter(None, [say.title, say.period(say.ds.period), say.scenario]))
    return Cover(say("Which projects cut the most imports"), subtitle, answer.reading, say.mark)


def extent(ranking: pd.DataFrame) -> pd.DataFrame:
    """The range of each headline of table `ranking`, low_usd and high_usd: of the net cut where that leads."""
    gross = ranking["supported_usd"].fillna(ranking["gross_usd"])
    net = ranking["net_usd"].notna() & ranking["headline_usd"].ne(gross)
    ends = ("low", "high")
    return pd.DataFrame(
        {f"{end}_usd": ranking[f"net_{end}_usd"].where(net, ranking[f"gross_{end}_usd"]) for end in ends}
    )


def section(
    say: Voice,
    title: str,
    facts: dict,
    rows: list[tuple],
    table: pd.DataFrame,
    evidence: str | None = None,
    *,
    lead: int = 0,
) -> Finding:
    """A finding of `sentences` under the one that `title` names; the first `lead` of them may stand alone."""
    text = [capital(sentence) for sentence in sentences(say, facts, rows)]
    return Finding(capital(say(title, **facts)), paragraphs(text), table, evidence, " ".join(text[:lead]))


def sentences(say: Voice, facts: dict, rows: list[tuple]) -> list[str]:
    """The sentences whose condition holds, in their order.

    Parameters
    ----------
    facts : values that the sentences name
    rows : condition, name in sentences.toml, and values of this sentence alone, if it has any; where the condition is
        a table, the sentence is said of each of its rows
    """
    text = []
    for condition, name, *own in rows:
        if isinstance(condition, pd.DataFrame):
            text += say.each(name, condition, **facts)
        elif condition:
            text.append(say(name, **facts | dict(*own)))
    return text


def with_amounts(usd: pd.Series, say: Voice) -> list[str]:
    """Names and their amounts, largest first; those that read the same are named together. `usd` by name."""
    equal = usd.sort_values(ascending=False, kind="stable").groupby(usd.map(say.money), sort=False)
    return [say("with_amounts", names=[*own.index], amount=own.iloc[0]) for _, own in equal]


def by_reason(rows: pd.DataFrame, ids: str = "project_id", reason: str = "reason") -> pd.DataFrame:
    """The ids that have a reason, or what else, in common: a list beside each."""
    groups = [(why, [*dict.fromkeys(group)]) for why, group in rows.groupby(reason)[ids]]
    return pd.DataFrame(groups, columns=[reason, ids])


def nothing(say: Voice, title: str, why: str, table: pd.DataFrame) -> Finding:
    """A section with nothing to tell, and why."""
    if why == "no_plan" and say.ds.target:  # nothing is planned without vehicles, and nothing priced without weights
        why = "no_plan_vehicles" if say.ds.activity.empty else "no_plan_weights"
    return Finding(say(title), say(why), table)


def with_more(finding: Finding, sentences: list[str]) -> Finding:
    """The finding with some more sentences."""
    return replace(finding, text=paragraphs([finding.text, *sentences]))


def paragraphs(text: list[str]) -> str:
    """Sentences as paragraphs; a last one does not stand alone."""
    parts = [text[n : n + PARAGRAPH] for n in range(0, len(text), PARAGRAPH)]
    if len(parts) > 1 and len(parts[-1]) == 1:
        parts[-2:] = [parts[-2] + parts[-1]]
    return "\n\n".join(" ".join(part) for part in parts)


def capital(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def factors(amounts: pd.Series, words: dict[str, str], say: Voice) -> list[str]:
    """Each amount with its sign and what it is, as `words` call it; what rounds to nothing is left out."""
    visible = amounts[amounts.abs().ge(PRECISION)]
    return [say("factor", factor=words[name], amount=usd) for name, usd in visible.items()]


def _html(heading: str, title: str, *texts: str) -> str:
    paragraphs = [f"<p>{as_html(text)}</p>" for text in texts if text]
    return "\n".join([f'<div class="{NO_FORMULA}"><{heading}>{as_html(title)}</{heading}>', *paragraphs, "</div>"])
