"""Every figure of the report shows the figures of its tables, in every language: what is drawn is read back."""

import json
from collections import Counter

import pandas as pd
import pytest
from matplotlib.collections import QuadMesh

from importcut.intake.opening import open_dataset
from importcut.language import Voice, languages

pytestmark = [pytest.mark.long, pytest.mark.ci]

FIGURES = {"ranking", "target", "without-projects", "methods", "bridge", "where", "plan", "kept-to-plan", "ranks",
           "worth", "quality", "overdue"}  # fmt: skip
HALF = 0.0051  # of a million in a label with two decimals
OWN = {"plan": 6, "bridge": 3}  # projects with a colour or bar of their own


def plain(text):
    """A label on one line."""
    return " ".join(text.split())


def number(text):
    """What a label says, in the figure's unit; nothing where it says nothing."""
    digits = "".join(c for c in text.replace("\N{MINUS SIGN}", "-").replace(",", ".") if c in "-.0123456789")
    return float(digits) if digits else None


def rows_of(ax):
    return [plain(label.get_text()) for label in ax.get_yticklabels()]


def bars_of(ax):
    """Left end and length of each horizontal bar, from the bottom."""
    return [(bar.get_x(), bar.get_width()) for bar in ax.patches]


def grid_of(ax):
    """The fields without the sums at their end, and all labels."""
    (mesh,) = [each for each in ax.collections if isinstance(each, QuadMesh)]
    columns = [plain(label.get_text()) for label in ax.get_xticklabels()][:-1]
    fields = pd.DataFrame(mesh.get_array().filled(float("nan")), rows_of(ax)[:-1], columns)
    return fields, [number(text.get_text()) for text in ax.texts]


class Twins:
    """The tables as they are given out, and what of them each figure should show, by name in a language."""

    def __init__(self, tables, say):
        self.tables, self.say = tables, say

    def named(self, values, register):
        return [plain(name) for name in values.map(self.say.names(register))]

    def ranking(self, ax):
        table = self.tables["ranking"].query("basis == 'realised_to_date' and rank == rank").sort_values("rank")[:10]
        n, bars = len(table), bars_of(ax)
        assert rows_of(ax)[::-1] == self.named(table["project_id"], "projects")
        assert [width for _, width in bars[:n]][::-1] == pytest.approx(table["gross_usd"].tolist())
        assert [width for _, width in bars[n : 2 * n]][::-1] == pytest.approx(table["headline_usd"].tolist())
        labels = [number(text.get_text()) for text in ax.texts]
        shown = labels[:n][::-1], labels[n + 1 : 2 * n + 1][::-1]
        assert [*map(pytest.approx, shown)] == [
            [round(usd / 1e6, 1 if usd >= 1e6 else 2) for usd in table[column]]
            for column in ("headline_usd", "gross_usd")
        ]
        self.edited(ax, self.named(table["project_id"], "projects"), table["headline_usd"], table["gross_usd"])
        for end in ("low", "high"):
            assert ax.bars["series"][0][f"{end}_usd"] == pytest.approx(table[f"net_{end}_usd"].tolist())
        classes = self.say.ds.projects.set_index("project_id")["class"].map(self.say.words("classes"))
        assert [plain(t.get_text()) for t in ax.texts[2 * n + 2 : -1]][::-1] == classes[table["project_id"]].tolist()

    def edited(self, ax, rows, *columns):
        """What an Office program draws in the figure's place."""
        assert [*map(plain, ax.bars["rows"])] == [*rows]
        for series, usd in zip(ax.bars["series"], columns, strict=True):
            assert series["usd"] == pytest.approx([*usd], nan_ok=True)
            assert series["texts"] == [self.say.millions(each) for each in usd]

    def pairs(self, ax, table):
        hollow, full = ax.lines
        assert rows_of(ax)[::-1] == [plain(name) for name in table.index]
        for line, column in zip((hollow, full), table, strict=True):
            assert list(line.get_xdata())[::-1] == pytest.approx(table[column].tolist())

    def target(self, ax):
        table = self.tables["target"].sort_values("leading")
        assert rows_of(ax) == [plain(word) for word in self.say.in_words(table["reading"], "readings")]
        bars = bars_of(ax)
        ends = [(row.on_course_low_usd, row.on_course_high_usd - row.on_course_low_usd) for row in table.itertuples()]
        assert bars == [*map(pytest.approx, [*ends, (0, table["realised_usd"].iloc[-1])])]
        places = {round(segment[0][0]) for lines in ax.collections for segment in lines.get_segments()}
        assert places == {round(usd) for usd in (*table["target_usd"], table["planned_to_date_usd"].iloc[-1])}
        named = [*table["target_usd"], *table["on_course_low_usd"], *table["on_course_high_usd"]]
        named += [table["realised_usd"].iloc[-1], table["planned_to_date_usd"].iloc[-1], table["addressable_usd"].min()]
        said = " ".join(text.get_text() for text in ax.texts)
        assert [usd for usd in named if self.say.millions(usd) not in said] == []
        assert [float(line.get_xdata()[0]) for line in ax.lines] == [pytest.approx(table["addressable_usd"].min())]
        lead = table.iloc[-1]
        steps = ["realised_usd", "planned_to_date_usd", "on_course_low_usd", "on_course_high_usd", "target_usd"]
        assert ax.bars["series"][0]["usd"] == pytest.approx(lead[steps].tolist())
        assert ax.bars["series"][0]["texts"] == [self.say.millions(usd) for usd in lead[steps]]

    def overdue(self, ax):
        table = self.tables["measures_status"].query("state == 'late'").dropna(subset="planned_net_usd")
        rows = (
            table.sort_values("months_late").drop_duplicates("project_id", keep="last").sort_values("planned_net_usd")
        )
        assert [width for _, width in bars_of(ax)] == pytest.approx(rows["planned_net_usd"].tolist())
        self.edited(ax, rows_of(ax)[::-1], rows["planned_net_usd"][::-1])
        names = self.named(rows["project_id"], "projects")
        assert all(row.startswith(name) for row, name in zip(rows_of(ax), names, strict=True))

    def kept_to_plan(self, ax):
        sums = self.tables["ledger"].groupby("project_id")[["planned_usd", "realised_usd"]].sum()
        self.pairs(ax, sums.sort_values("planned_usd", ascending=False).rename(index=self.say.names("projects")))

    def without_projects(self, ax):
        sums = self.tables["counterfactual"].groupby("period")[["actual_usd", "counterfactual_usd"]].sum()
        shown = sums[sums.index >= "2024Q4"]  # a year before the first cut
        for line, column in zip(ax.lines, shown, strict=True):
            assert list(line.get_ydata()) == pytest.approx(shown[column].tolist())
        names = [plain(text.get_text()) for text in ax.texts]
        assert names == [self.say("actual imports"), self.say("imports without the projects")]

    def methods(self, ax):
        table = self.tables["estimates"].dropna(subset="gross_usd")
        asked = table.loc[table["method"].ne("deliveries"), "product_id"]
        table = table[table["product_id"].isin(asked)]
        dots = [line for line in ax.lines if line.get_marker() == "o"]
        shown = Counter((round(float(d.get_xdata()[0]), 2), d.get_markerfacecolor() == "white") for d in dots)
        assert shown == Counter((round(r.gross_usd, 2), not r.told) for r in table.itertuples())
        assert sorted(rows_of(ax)) == sorted(self.named(asked.drop_duplicates(), "products"))

    def bridge(self, ax):
        table = self.tables["bridge"].query("comparison == 'base'")
        effects = table.groupby("effect")["value_usd"].sum()
        ours = table[table["effect"].eq("project")].groupby("project_id")["value_usd"].sum()
        ours = ours.sort_values(key=abs, ascending=False)
        rest = [ours[OWN["bridge"] :].sum()] if len(ours) > OWN["bridge"] + 1 else list(ours[OWN["bridge"] :])
        largest = max(effects.drop(["base", "project"]).abs().max(), ours.abs().max())
        others = effects.drop(["base", "project"])
        changes = [*others[others.abs() >= 0.03 * largest], others[others.abs() < 0.03 * largest].sum()]
        changes += [*ours[: OWN["bridge"]], *rest]
        drawn = [width for _, width in bars_of(ax)]
        assert drawn[-1] == pytest.approx(effects.drop("base").sum())
        assert sorted(drawn[:-1]) == pytest.approx(sorted(usd for usd in changes if abs(usd) >= 5e3))
        assert [number(text.get_text()) for text in ax.texts] == pytest.approx([usd / 1e6 for usd in drawn], abs=0.051)
        self.edited(ax, rows_of(ax), drawn)
        names = self.named(pd.Series(ours.index[: OWN["bridge"]]), "projects")
        names += [self.say("other projects")] * (len(ours) > OWN["bridge"] + 1)
        assert rows_of(ax)[-1 - len(names) : -1] == names
        factors = [*self.say.words("factors").values(), self.say("other factors")]
        assert {*rows_of(ax)[: -1 - len(names)]} <= {*factors}

    def where(self, ax):
        table = self.tables["profile"]
        year = table[table["period"].astype(str).str.startswith("2026")]
        wide = year.pivot_table(index="product_id", columns="plant_id", values="value_usd", aggfunc="sum")
        wide = wide.rename(index=self.say.names("products"), columns=self.say.names("plants"))
        wide = wide.loc[wide.sum(axis=1).sort_values(ascending=False).index]
        rest = wide.iloc[11:].sum(min_count=1).rename(self.say("others"))
        wide = pd.concat([wide.head(11), rest.to_frame().T]).rename(index=plain, columns=plain)
        drawn, labels = grid_of(ax)
        assert drawn.mul(1e6).to_numpy() == pytest.approx(wide[drawn.columns].to_numpy(), nan_ok=True)
        assert list(drawn.index) == list(wide.index)
        sums = [
            *wide[drawn.columns].to_numpy().ravel(),
            *wide.sum(axis=1),
            *wide[drawn.columns].sum(),
            wide.sum().sum(),
        ]
        for label, usd in zip(labels, sums, strict=True):
            assert pd.isna(usd) if label is None else label == pytest.approx(usd / 1e6, abs=0.051)

    def plan(self, ax):
        wide = self.tables["cuts_planned"].pivot_table(
            index="year", columns="project_id", values="gross_usd", aggfunc="sum"
        )
        order = wide.sum().sort_values(ascending=False).index
        stacks = wide[order[: OWN["plan"]]].assign(rest=wide[order[OWN["plan"] :]].sum(axis=1)).cumsum()
        tops = [area.get_paths()[0].get_extents().y1 for area in ax.collections]
        assert tops == pytest.approx(stacks.iloc[-1].cumsum().tolist())
        years, labels = len(wide), [text.get_text() for text in ax.texts]
        assert [*map(number, labels[:years])] == pytest.approx(stacks.sum(axis=1).div(1e6).tolist(), abs=0.051)
        assert [*map(plain, labels[years : years + OWN["plan"]])] == self.named(
            pd.Series(order[: OWN["plan"]]), "projects"
        )
        target = self.tables["target"]["target_usd"].iloc[0]
        assert list(ax.lines[0].get_ydata()) == [target] * 2 and self.say.millions(target) in labels[-1]

    def ranks(self, ax):
        table = self.tables["certainty"].query("basis == 'cumulative'")
        order = table.drop_duplicates("project_id").sort_values("mean_usd", ascending=False)["project_id"]
        wide = table.pivot_table(index="project_id", columns="rank", values="probability").loc[order].fillna(0)
        assert rows_of(ax) == self.named(order, "projects")
        assert list(ax.lines[0].get_xdata()) == wide.idxmax(axis=1).tolist()
        for (start, end), (_, chances) in zip(ax.collections[0].get_segments(), wide.iterrows(), strict=True):
            inside = chances.loc[int(start[0]) : int(end[0])].sum()
            assert inside >= 0.9 and chances.loc[: int(start[0]) - 1].sum() <= 0.05
        labels = [number(text.get_text()) for text in ax.texts[: len(wide)]]
        assert labels == pytest.approx(wide.max(axis=1).mul(100).tolist(), abs=0.51)

    def worth(self, ax):
        table = self.tables["appraisal"].query("cut_per_cost > 0")
        dots = Counter((round(float(x), 2), round(float(y), 6)) for x, y in ax.collections[0].get_offsets())
        assert dots == Counter((round(r.annual_net_usd, 2), round(r.cut_per_cost, 6)) for r in table.itertuples())
        places = dict(zip(self.named(table["project_id"], "projects"), table["annual_net_usd"], strict=True))
        for text in ax.texts:
            assert places[plain(text.get_text())] == pytest.approx(text.xy[0])

    def quality(self, ax):
        sums = self.tables["quality"].groupby(["check", "treatment"], as_index=False)["affected_value_usd"].sum()
        sums = sums.sort_values("affected_value_usd", ascending=False)
        drawn = [width for _, width in bars_of(ax)][::-1]
        assert drawn == pytest.approx(sums["affected_value_usd"].tolist())
        assert sorted(rows_of(ax)) == sorted(plain(text) for text in self.say.in_words(sums["check"], "checks"))


@pytest.fixture(scope="module")
def tables(published_reports):
    folder = published_reports[0] / "sample" / "2026Q3" / "tables"
    return {file.stem: pd.read_csv(file) for file in folder.glob("*.csv")}


@pytest.fixture(scope="module")
def drawn(published_reports, repository):
    """The charts that notebook 05 hands to `picture`, by language and name: its cells run here, without a kernel.

    Under `alter` and `rename` are English ones that may be spoilt.
    """
    import importcut

    notebook = json.loads((repository / "notebooks" / "05_quarterly_report.ipynb").read_text(encoding="utf-8"))
    cells = [
        ("".join(c["source"]), c["metadata"].get("tags", ())) for c in notebook["cells"] if c["cell_type"] == "code"
    ]
    charts = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMPORTCUT_PROCESSED", str(published_reports[1]))
        for key in [*languages(), "alter", "rename"]:
            taken, language = charts.setdefault(key, {}), key if key in languages() else "en"
            names = {"display": lambda *_: None}

            def picture(ax, say, *, name="", taken=taken, **text):
                taken[name] = ax

            patch.setitem(vars(importcut), "picture", picture)
            for source, tags in cells:
                exec(source, names)
                names |= {"language": language, "period": "2026Q3"} if "parameters" in tags else {}
    return charts


@pytest.fixture(scope="module")
def twins(tables):
    ds = open_dataset("sample", period="2026Q3")
    return {language: Twins(tables, Voice(language, ds)) for language in languages()}


def compare(twins, name, ax):
    getattr(twins, name.replace("-", "_"))(ax)


def test_these_are_all_figures_of_the_report(drawn):
    assert all(set(charts) == FIGURES for charts in drawn.values())


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_figure_is_the_twin_of_its_table(drawn, twins, name, language):
    compare(twins[language], name, drawn[language][name])


def alter(name, ax):
    """Draw the last thing of a figure a hundredth larger than its table has it."""
    if name == "where":
        mesh = next(each for each in ax.collections if isinstance(each, QuadMesh))
        mesh.set_array(mesh.get_array() * 1.01)
    elif name == "worth":
        ax.collections[0].set_offsets(ax.collections[0].get_offsets() * 1.01)
    elif ax.patches:
        bar = ax.patches[-1]
        bar.set(width=bar.get_width() * 1.01, height=bar.get_height() * 1.01)
    else:
        dots = [line for line in ax.lines if name != "methods" or line.get_marker() == "o"][-1]
        dots.set_data(*([1.01 * value for value in values] for values in dots.get_data()))


def rename(name, ax):
    """Change one name that a reader reads in a figure."""
    if name in ("without-projects", "worth"):
        ax.texts[0].set_text("another project")
    elif name == "plan":
        ax.texts[6].set_text("another project")  # after the figures of six years
    else:
        rows = [label.get_text() for label in ax.get_yticklabels()]
        projects = len(rows) - 2 if name == "bridge" else 0  # the rows before are of the factors
        ax.set_yticks(ax.get_yticks(), ["another one" if n == projects else row for n, row in enumerate(rows)])


@pytest.mark.parametrize("change", [alter, rename])
@pytest.mark.parametrize("name", sorted(FIGURES))
def test_a_series_or_a_label_that_is_altered_is_noticed(drawn, twins, name, change):
    ax = drawn[change.__name__][name]
    compare(twins["en"], name, ax)
    change(name, ax)
    with pytest.raises((AssertionError, KeyError)):
        compare(twins["en"], name, ax)
