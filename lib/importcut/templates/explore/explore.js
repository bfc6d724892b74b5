// The page looks up, filters, adds up and divides what the report's tables say; it never works out a cut.

const DATA = JSON.parse(document.getElementById("data").textContent);
const LANGUAGES = Object.keys(DATA.languages);
const DIMENSIONS = ["product_id", "plant_id", "purpose_id", "origin"];
const FORMULA = /^(?:[=+@\t\r]|-(?!$|[\d.,]+$))/; // what a spreadsheet would run
const MOST_SERIES = 8; // beside what else there is
const tables = {};
const finished = []; // drawings that stand, to be ended before the next ones
let state = {}, speech, turn = 0;

// --- tables -------------------------------------------------------------------------------------------------------

/** The rows of a CSV text, as lists of texts. */
function* records(text) {
  let row = [], at = 0;
  while (at < text.length) {
    let field;
    if (text[at] === '"') {
      let end = at + 1;
      while (text[end] !== '"' || text[end + 1] === '"') end += text[end] === '"' ? 2 : 1;
      field = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    } else {
      const end = text.slice(at).search(/[,\n]|$/) + at;
      field = text.slice(at, end);
      at = end;
    }
    row.push(field);
    if (text[at] !== ",") {
      yield row;
      row = [];
    }
    at += 1;
  }
}

/** A table as a list of records: amounts are numbers, what is not known is null, all else is text. */
function table(name) {
  if (!tables[name]) {
    const [head = [], ...rows] = records(DATA.tables[name] ?? "");
    const isNumber = head.map((column, n) => !/(_id|period|year|start|first_output|due|done)$/.test(column)
      && rows.every((row) => row[n] === "" || !Number.isNaN(Number(row[n]))));
    const value = (text, n) => (text === "" || text === undefined ? null : isNumber[n] ? Number(text) : text);
    tables[name] = rows.map((row) => Object.fromEntries(head.map((column, n) => [column, value(row[n], n)])));
  }
  return tables[name];
}

const unique = (values) => [...new Set(values)];
const total = (rows, column) => {
  const known = rows.map((row) => row[column]).filter((value) => value !== null);
  return known.length ? cents(known.reduce((sum, value) => sum + value, 0)) : null;
};
const cents = (value) => Math.round(value * 1e6) / 1e6; // adding leaves dust behind the sixth decimal

/** Rows by the value of a column, in the order in which the values come. */
function grouped(rows, column) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row[column])) groups.set(row[column], []);
    groups.get(row[column]).push(row);
  }
  return groups;
}

const ratio = (part, whole) => (part === null || !whole ? null : part / whole);

// --- words --------------------------------------------------------------------------------------------------------

const say = (word) => speech.words.explore[word] ?? word;
const word = (kind, code) => (code === null ? "" : speech.words[kind]?.[code] ?? code);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const periodName = (period) => speech.periods[period] ?? period;

/** The name of an id; where two share one, with the id. */
function nameOf(column, id) {
  const names = speech.names[column] ?? {};
  const name = names[id] ?? id;
  speech.twins ??= {};
  speech.twins[column] ??= new Set(Object.values(names).filter((other, n, all) => all.indexOf(other) !== n));
  return speech.twins[column].has(name) ? `${name} (${id})` : name;
}

/** A number as this language writes it; empty where nothing is known. */
function number(value, digits = 0) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "";
  const [group, decimal] = [speech.number[1], speech.number.at(-2)];
  const plain = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return plain.replace(/[,.]/g, (sign) => (sign === "," ? group : decimal)).replace("-", "−");
}

/** The unit in which amounts of this size are read: its word, and what an amount is multiplied with. */
function moneyUnit(amounts) {
  const largest = Math.max(0, ...amounts.map((amount) => Math.abs(amount ?? 0)));
  return largest >= 1e6 ? { text: say("million_usd"), scale: 1e-6, digits: 2 } : { text: say("thousand_usd"), scale: 1e-3, digits: 1 };
}

const inThousands = (key, label, more) => ({ key, label, scale: 1e-3, digits: 1, ...more });

// --- the address --------------------------------------------------------------------------------------------------

const addressOf = (values) => `#${new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ""))}`;

/** Change the state: a new entry of the history, or none where somebody is typing. */
function go(changes, { typing = false } = {}) {
  const next = { ...state, ...changes };
  if (typing) {
    history.replaceState(null, "", addressOf(next));
    render();
  } else {
    location.hash = addressOf(next);
  }
}

const keyOf = (side, name) => (side === "b" ? `b.${name}` : name);

/** A choice among codes, which the page shows as a list: the reader's, if it is one of the options; else the usual one. */
function choice(side, name, label, options, text, usual = options[0]) {
  const value = state[keyOf(side, name)];
  return { name, label, options: options.map((code) => [code, text(code)]), value: options.includes(value) ? value : usual };
}

// --- views: of a side's choices, the controls, chart, tables ------------------------------------------------------

const VIEWS = {
  import_profile: { needs: "profile", show: imports },
  actual_and_expected: { needs: "counterfactual", show: withoutProjects },
  projects_ranked: { needs: "ranking", show: ranking },
  to_target: { needs: "cuts_planned", show: toTarget },
  project_sheet: { needs: "projects", show: projectSheet },
  quality: { needs: "quality", show: quality },
};

const viewName = (view) => speech.words.views[view] ?? say(view);
const openViews = () => Object.keys(VIEWS).filter((view) => table(VIEWS[view].needs).length);

function imports(side) {
  const all = table("profile");
  const several = (column) => unique(all.map((row) => row[column] ?? null)).length > 1; // of one nothing is to be chosen
  const open = DIMENSIONS.filter((column) => column === "product_id" || several(column));
  const by = choice(side, "by", speech.words.choices.by, open, (column) => word("columns", column));
  const filters = open.map((column) => {
    const ids = unique(all.map((row) => row[column])).sort((a, b) => nameOf(column, a).localeCompare(nameOf(column, b)));
    return choice(side, column, word("columns", column), ["", ...ids], (id) => (id ? nameOf(column, id) : say("all")));
  });
  const measures = ["value", "weight", "unit_value", "share", "index"];
  const measure = choice(side, "measure", say("measure"), measures, say);
  const scale = choice(side, "scale", say("scale"), ["linear", "log"], say);
  const layout = choice(side, "layout", say("layout"), ["together", "small"], say);
  const rows = all.filter((row) => filters.every(({ name, value }) => !value || row[name] === value));
  const periods = unique(all.map((row) => row.period)).sort();
  const cells = [...grouped(rows, by.value)].map(([id, own]) => importsOf(id, by.value, own, periods));
  cells.sort((one, other) => other.value_usd - one.value_usd);
  const inPeriods = new Map([...grouped(rows, "period")].map(([period, own]) => [period, total(own, "value_usd")]));
  const series = cells.slice(0, MOST_SERIES).map((cell) => ({ name: nameOf(by.value, cell[by.value]), id: cell[by.value], own: cell.own }));
  const unit = { value: moneyUnit(rows.length ? periods.map((period) => inPeriods.get(period)) : []),
    weight: { text: say("tonnes"), scale: 1e-3, digits: 1 }, unit_value: { text: say("usd_per_kg"), scale: 1, digits: 2 },
    share: { text: say("percent"), scale: 100, digits: 1 }, index: { text: say("index_unit"), scale: 1, digits: 1 } }[measure.value];
  const points = series.flatMap(({ name, id, own }) => {
    const byPeriod = grouped(own, "period");
    const amounts = periods.map((period) => ({ period, value: total(byPeriod.get(period) ?? [], "value_usd"), weight: total(byPeriod.get(period) ?? [], "net_kg") }));
    const first = amounts.find(({ value }) => value)?.value;
    return amounts.map(({ period, value, weight }) => {
      const known = { value, weight, unit_value: ratio(value, weight), share: ratio(value, inPeriods.get(period)), index: ratio(value * 100, first) };
      return point(name, periodName(period), value === null ? null : known[measure.value], unit, { id });
    });
  });
  const total_usd = total(rows, "value_usd");
  const what = filters.filter(({ value }) => value).map(({ name, value }) => nameOf(name, value)).join(" · ");
  const [last, before] = [periods.at(-1), periods.at(-1 - (periods[0].includes("Q") ? 4 : 1))];
  const listed = cells.map((cell) => ({ ...cell, share: ratio(cell.value_usd, total_usd), unit_value: ratio(cell.value_usd, cell.net_kg),
    latest_usd: cell[last], change: before && cell[before] ? ratio((cell[last] ?? 0) - cell[before], cell[before]) : null }));
  const flat = cells.flatMap((one) => [...grouped(one.own, "period")].map(([period, part]) => (
    { [by.value]: one[by.value], period, value_usd: total(part, "value_usd"), net_kg: total(part, "net_kg") })));
  return {
    title: what || speech.words.views.import_profile,
    controls: [by, ...filters, measure, scale, layout],
    chart: { kind: "lines", points, periods: periods.map(periodName), unit, measure: say(measure.value), log: scale.value === "log", small: layout.value === "small", flat,
      note: [cells.length > series.length ? say("largest") : "", ...summedOver(all)].filter(Boolean).join(" ") },
    tables: [{
      caption: `${word("columns", by.value)}: ${cells.length}`,
      rows: listed,
      deeper: (row) => deeper(side, by.value, row[by.value], open, filters),
      columns: [
        { key: by.value, label: word("columns", by.value), names: by.value },
        inThousands("value_usd", word("columns", "value_usd")),
        { key: "share", label: `${say("share")}, %`, scale: 100, digits: 1 },
        { key: "net_kg", label: word("columns", "net_kg"), scale: 1e-3, digits: 1 },
        { key: "unit_value", label: word("columns", "unit_value"), digits: 2 },
        inThousands("latest_usd", `${periodName(last)}, ${say("thousand_usd")}`),
        { key: "change", label: say("change"), scale: 100, digits: 1 },
      ],
    }],
    pick: (datum) => (datum.id ? deeper(side, by.value, datum.id, open, filters) : null),
  };
}

/** Imports of one product, plant, purpose or country: sums, and the value of each period. */
function importsOf(id, column, own, periods) {
  const byPeriod = grouped(own, "period");
  const values = Object.fromEntries(periods.map((period) => [period, total(byPeriod.get(period) ?? [], "value_usd")]));
  return { [column]: id, own, value_usd: total(own, "value_usd"), net_kg: total(own, "net_kg"), ...values };
}

/** What the imports are no longer told apart by, where there were too many lines for one page. */
function summedOver(all) {
  const lost = all.length ? DIMENSIONS.filter((column) => !(column in all[0])) : [];
  return lost.length ? [`${say("summed")}: ${lost.map((column) => word("columns", column)).join(", ")}.`] : [];
}

/** Into one of those that are shown: it is chosen, and split by what nothing is chosen of yet. */
function deeper(side, column, id, open, filters) {
  const free = open.find((other) => other !== column && !filters.find(({ name }) => name === other).value);
  return { [keyOf(side, column)]: id, ...(free ? { [keyOf(side, "by")]: free } : {}) };
}

const point = (name, at, value, unit, more) => (
  { name, at, y: value === null ? null : value * unit.scale, text: value === null ? "" : `${number(value * unit.scale, unit.digits)}`, ...more });

function withoutProjects(side) {
  const all = table("counterfactual");
  const apart = (row) => row.counterfactual_usd !== null && row.counterfactual_usd !== row.actual_usd;
  const ids = unique(all.map((row) => row.product_id)).sort((a, b) => nameOf("product_id", a).localeCompare(nameOf("product_id", b)));
  const product = choice(side, "product_id", word("columns", "product_id"), ["", ...ids], (id) => (id ? nameOf("product_id", id) : say("all")));
  const measure = choice(side, "measure", say("measure"), ["value", "weight"], say);
  const layout = choice(side, "layout", say("layout"), ["together", "small"], say);
  const cut = unique(all.filter(apart).map((row) => row.product_id));
  const rows = all.filter((row) => !product.value || row.product_id === product.value);
  const columns = measure.value === "value" ? ["actual_usd", "counterfactual_usd"] : ["actual_kg", "counterfactual_kg"];
  const periods = unique(all.map((row) => row.period)).sort();
  const listed = periods.map((period) => {
    const own = rows.filter((row) => row.period === period);
    const sums = Object.fromEntries(["actual_usd", "counterfactual_usd", "actual_kg", "counterfactual_kg"].map((c) => [c, total(own, c)]));
    const gap = (end) => (sums[`counterfactual_${end}`] === null || sums[`actual_${end}`] === null ? null : cents(sums[`counterfactual_${end}`] - sums[`actual_${end}`]));
    return { period, ...sums, gap_usd: gap("usd"), gap_kg: gap("kg") };
  });
  const small = layout.value === "small" && !product.value;
  const unit = measure.value === "value" ? moneyUnit(listed.map((row) => row.actual_usd)) : { text: say("tonnes"), scale: 1e-3, digits: 1 };
  const lines = (own, panel) => own.flatMap((row) => columns.map((column) => (
    point(say(column.startsWith("actual") ? "actual" : "counterfactual"), periodName(row.period), row[column], unit, { panel }))));
  const points = small ? cut.flatMap((id) => lines(rows.filter((row) => row.product_id === id), nameOf("product_id", id))) : lines(listed);
  return {
    title: product.value ? `${nameOf("product_id", product.value)}: ${viewName("actual_and_expected")}` : viewName("actual_and_expected"),
    controls: product.value ? [product, measure] : [product, measure, layout],
    chart: { kind: "lines", points, periods: periods.map(periodName), unit, measure: say(measure.value), small, flat: rows },
    tables: [{
      caption: viewName("actual_and_expected"),
      rows: listed,
      columns: [
        { key: "period", label: word("columns", "period"), text: periodName, kind: "period" },
        ...["actual_usd", "counterfactual_usd", "gap_usd", "actual_kg", "counterfactual_kg", "gap_kg"].map((key) => inThousands(key, word("columns", key))),
      ],
    }],
  };
}

function ranking(side) {
  const all = table("ranking"), credit = table("credit");
  const bases = Object.keys(speech.words.bases).filter((basis) => all.some((row) => row.basis === basis));
  const basis = choice(side, "basis", speech.words.choices.basis, bases, (code) => word("bases", code));
  const kind = choice(side, "kind", say("kind"), ["net", "gross"], say);
  const rules = Object.keys(speech.words.rules).filter((rule) => credit.some((row) => row.rule === rule && row.basis === basis.value));
  const rule = choice(side, "rule", speech.words.choices.rule, rules, (code) => word("rules", code));
  const own = all.filter((row) => row.basis === basis.value);
  const leading = rules.length === 0 || rule.value === rules[0];
  const rows = leading ? own : credit.filter((row) => row.basis === basis.value && row.rule === rule.value);
  const [amount, low, high] = [`${kind.value}_usd`, `${kind.value}_low_usd`, `${kind.value}_high_usd`];
  const sorted = [...rows].sort((one, other) => (other[amount] ?? -Infinity) - (one[amount] ?? -Infinity));
  const shown = sorted.filter((row) => row[amount]);
  const unit = moneyUnit(shown.map((row) => row[amount]));
  const points = shown.map((row) => ({ ...point(nameOf("project_id", row.project_id), "", row[amount], unit, { id: row.project_id }),
    pale: leading && row.rank === null, low: row[low] == null ? null : row[low] * unit.scale, high: row[high] == null ? null : row[high] * unit.scale }));
  points.forEach((p) => { p.text = p.low === null ? p.text : `${p.text} (${number(p.low, unit.digits)}–${number(p.high, unit.digits)})`; });
  const money = (key) => inThousands(key, word("columns", key));
  return {
    title: `${word("bases", basis.value)}: ${say(kind.value)}`,
    controls: rules.length ? [basis, kind, rule] : [basis, kind],
    chart: { kind: "bars", points, unit, measure: say(kind.value), flat: sorted, note: points.some((p) => p.pale) ? say("pale") : "" },
    tables: [{
      caption: `${word("bases", basis.value)}: ${rows.length}`,
      rows: sorted,
      deeper: (row) => ({ view: "project_sheet", [keyOf(side, "project_id")]: row.project_id }),
      columns: [
        { key: "project_id", label: word("columns", "project_id"), names: "project_id" },
        ...(leading ? [{ key: "rank", label: word("columns", "rank"), digits: 0 }] : []),
        ...(leading ? ["net_usd", "net_low_usd", "net_high_usd", "gross_usd", "gross_low_usd", "gross_high_usd", "cost_usd"] : ["net_usd", "gross_usd"]).map(money),
        ...(leading ? [{ key: "evidence", label: word("columns", "evidence"), text: (code) => word("grades", code) },
          { key: "reason", label: word("columns", "reason"), text: (code) => word("reasons", code) }] : []),
      ],
    }],
    pick: (datum) => ({ view: "project_sheet", [keyOf(side, "project_id")]: datum.id }),
  };
}

function toTarget(side) {
  const all = table("cuts_planned"), targets = table("target");
  const readings = Object.keys(speech.words.readings).filter((reading) => targets.some((row) => row.reading === reading));
  readings.sort((one, other) => leads(targets, other) - leads(targets, one));
  const reading = choice(side, "reading", say("reading"), readings.length ? readings : ["annual"], (code) => word("readings", code));
  const kind = choice(side, "kind", say("kind"), ["gross", "net"], say);
  const amount = `${kind.value}_usd`, years = unique(all.map((row) => row.year)).sort();
  const listed = [...grouped(all, "project_id")].map(([project_id, own]) => {
    let sum = 0;
    const values = Object.fromEntries(years.map((year) => {
      const value = total(own.filter((row) => row.year === year), amount);
      sum = cents(sum + (value ?? 0));
      return [year, reading.value === "cumulative" ? sum : value];
    }));
    return { project_id, ...values, sum_usd: total(own, amount), gross_usd: total(own, "gross_usd") };
  }).sort((one, other) => other.gross_usd - one.gross_usd); // so that each has one colour, gross and net
  const target = targets.find((row) => row.reading === reading.value);
  const line = kind.value === "gross" && target ? target.target_usd : null;
  const unit = moneyUnit([line, ...listed.map((row) => row.sum_usd)]);
  const largest = listed.slice(0, MOST_SERIES), rest = listed.slice(MOST_SERIES);
  const sumOf = (rows, year) => total(rows.map((row) => ({ value: row[year] })), "value");
  const points = years.flatMap((year) => [
    ...largest.map((row) => point(nameOf("project_id", row.project_id), year, row[year], unit, { id: row.project_id })),
    ...(rest.length ? [point(`${say("other")} (${rest.length})`, year, sumOf(rest, year), unit)] : []),
  ]);
  return {
    title: `${viewName("to_target")}: ${say(kind.value)}`,
    controls: readings.length > 1 ? [reading, kind] : [kind],
    chart: { kind: "stack", points, periods: years, unit, measure: say(kind.value), line: line === null ? null : line * unit.scale,
      lineText: line === null ? "" : `${say("target")} ${number(line * unit.scale, unit.digits)}`, flat: all },
    tables: [{
      caption: capital(word("readings", reading.value)),
      rows: listed,
      deeper: (row) => ({ view: "project_sheet", [keyOf(side, "project_id")]: row.project_id }),
      columns: [
        { key: "project_id", label: word("columns", "project_id"), names: "project_id" },
        ...years.map((year) => inThousands(year, `${year}, ${say("thousand_usd")}`)),
        inThousands("sum_usd", `${say("sum")}, ${say("thousand_usd")}`),
      ],
    }],
    pick: (datum) => (datum.id ? { view: "project_sheet", [keyOf(side, "project_id")]: datum.id } : null),
  };
}

const leads = (targets, reading) => Number(targets.some((row) => row.reading === reading && row.leading === "True"));

function projectSheet(side) {
  const projects = table("projects");
  const ids = projects.map((row) => row.project_id).sort((a, b) => nameOf("project_id", a).localeCompare(nameOf("project_id", b)));
  const project = choice(side, "project_id", word("columns", "project_id"), ids, (id) => nameOf("project_id", id), table("ranking")[0]?.project_id);
  const about = projects.find((row) => row.project_id === project.value);
  const own = (name) => table(name).filter((row) => row.project_id === project.value);
  const ledger = own("ledger"), cuts = own("cuts_realised");
  const unit = moneyUnit(ledger.map((row) => row.planned_usd));
  const points = ledger.flatMap((row) => ["planned", "realised"].map((name) => point(capital(say(name)), periodName(row.period), row[`${name}_usd`], unit)));
  const heads = speech.heads;
  const facts = [
    [heads.project.class, word("classes", about.class)], [heads.project.company, about.company],
    [heads.project.status, word("statuses", about.status)],
    [word("columns", "cost_usd"), number(about.cost_usd === null ? null : about.cost_usd / 1e3, 1)],
    [heads.project.start, about.start], [heads.project.first_output, about.first_output],
  ];
  return {
    title: nameOf("project_id", project.value),
    controls: [project],
    facts: facts.filter(([, text]) => text),
    chart: { kind: "lines", points, periods: ledger.map((row) => periodName(row.period)), unit, measure: say("gross"), flat: ledger },
    tables: [
      {
        caption: viewName("projects_ranked"),
        rows: own("ranking"),
        columns: [
          { key: "basis", label: speech.words.choices.basis, text: (code) => word("bases", code) },
          { key: "rank", label: word("columns", "rank"), digits: 0 },
          ...["net_usd", "net_low_usd", "net_high_usd", "gross_usd"].map((key) => inThousands(key, word("columns", key))),
          { key: "reason", label: word("columns", "reason"), text: (code) => word("reasons", code) },
        ],
      },
      {
        caption: heads.ledger.caption,
        rows: ledger,
        columns: [
          { key: "period", label: word("columns", "period"), text: periodName, kind: "period" },
          ...["planned_usd", "realised_usd", "difference_usd"].map((key) => inThousands(key, `${heads.ledger[key]}, ${say("thousand_usd")}`)),
        ],
      },
      {
        caption: heads.cuts.caption,
        rows: cuts,
        columns: [
          { key: "product_id", label: word("columns", "product_id"), names: "product_id" },
          { key: "period", label: word("columns", "period"), text: (period) => (period === null ? "" : periodName(period)), kind: "period" },
          ...["gross_usd", "gross_low_usd", "gross_high_usd", "net_usd"].map((key) => inThousands(key, word("columns", key))),
          { key: "gross_evidence", label: word("columns", "evidence"), text: (code) => word("grades", code) },
          { key: "reason", label: word("columns", "reason"), text: (code) => word("reasons", code) },
        ],
      },
      {
        caption: heads.measures.caption,
        rows: own("measures_status"),
        columns: [
          { key: "measure_id", label: heads.measures.measure_id, names: "measure_id" },
          { key: "owner", label: heads.measures.owner },
          { key: "due", label: heads.measures.due },
          { key: "done", label: heads.measures.done },
          { key: "state", label: heads.measures.state, text: (code) => word("states", code) },
        ],
      },
    ],
  };
}

function quality(side) {
  const all = table("quality"), heads = speech.heads, periods = unique(all.map((row) => row.period)).filter(Boolean).sort();
  const checks = unique(all.map((row) => row.check));
  const check = choice(side, "check", heads.quality.check, ["", ...checks], (code) => (code ? word("checks", code) : say("all")));
  const rows = all.filter((row) => !check.value || row.check === check.value);
  const unit = moneyUnit(periods.map((period) => total(rows.filter((row) => row.period === period), "affected_value_usd")));
  const points = periods.flatMap((period) => [...grouped(rows.filter((row) => row.period === period), "check")]
    .map(([code, own]) => point(word("checks", code), periodName(period), total(own, "affected_value_usd"), unit)));
  const summed = [...grouped(rows, "check")].flatMap(([code, own]) => [...grouped(own, "treatment")].map(([treatment, part]) => (
    { check: code, treatment, lines: total(part, "lines"), affected_value_usd: total(part, "affected_value_usd") })));
  const lead = table("estimates").filter((row) => row.gross_usd !== null);
  const lines = { key: "lines", label: heads.quality.lines, digits: 0 };
  return {
    title: say("quality"),
    controls: checks.length > 1 ? [check] : [],
    chart: { kind: "stack", points, periods: periods.map(periodName), unit, measure: heads.quality.affected_value_usd, flat: rows },
    tables: [
      {
        caption: heads.quality.caption,
        rows: summed,
        columns: [
          { key: "check", label: heads.quality.check, text: (code) => word("checks", code) },
          lines,
          inThousands("affected_value_usd", `${heads.quality.affected_value_usd}, ${say("thousand_usd")}`),
          { key: "treatment", label: heads.quality.treatment, text: (code) => word("treatments", code) },
        ],
      },
      {
        caption: say("aside"),
        rows: table("aside"),
        columns: [
          { key: "kind", label: heads.measures.kind, text: (code) => word("aside", code) },
          { key: "reason", label: heads.quality.check, text: (code) => word("checks", code) },
          lines,
          inThousands("value_usd", `${heads.quality.affected_value_usd}, ${say("thousand_usd")}`),
        ],
      },
      {
        caption: heads.tests.caption,
        rows: table("tests"),
        columns: [
          { key: "project_id", label: word("columns", "project_id"), names: "project_id" },
          { key: "product_id", label: word("columns", "product_id"), names: "product_id" },
          { key: "test", label: heads.quality.check, text: (code) => heads.tests[code] ?? code },
          { key: "value", label: say("value"), digits: 2 },
          { key: "threshold", label: "≤ ≥", digits: 2 },
          { key: "verdict", label: say("verdict"), text: (code) => ({ holds: "✓", fails: "✗", not_run: "–", not_checked: "○" })[code] ?? code },
        ],
      },
      {
        caption: heads.estimates.caption,
        rows: lead,
        columns: [
          { key: "project_id", label: word("columns", "project_id"), names: "project_id" },
          { key: "product_id", label: word("columns", "product_id"), names: "product_id" },
          { key: "method", label: speech.words.choices.method, text: (code) => word("methods", code) },
          ...["gross_usd", "gross_low_usd", "gross_high_usd"].map((key) => inThousands(key, word("columns", key))),
          { key: "placebo_p", label: heads.placebo.placebo_p, digits: 2 },
        ],
      },
    ],
  };
}

// --- charts -------------------------------------------------------------------------------------------------------

/** The colours of the page, light or dark, as the charts take them. */
function look() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return { ink: colour("ink"), muted: colour("muted"), line: colour("line"), series: colour("series").split(" "), font: getComputedStyle(document.body).fontFamily };
}

/** Vega-Lite's description of a chart; with a title and source where it leaves the page as a picture. */
function description(chart, width, { top = null, heading = null } = {}) {
  const colours = look(), names = unique(chart.points.map((p) => p.name)), many = names.length > 1;
  const drawable = (p) => p.y !== null && (!chart.log || p.y > 0);
  const points = chart.kind === "lines" ? chart.points.map((p) => (drawable(p) ? p : { ...p, y: null })) : chart.points.filter(drawable);
  const panel = chart.points.some((p) => p.panel) ? "panel" : "name";
  const tooltip = [{ field: "name", title: " " }, ...(chart.kind === "bars" ? [] : [{ field: "at", title: word("columns", "period") }]),
    { field: "text", title: `${chart.measure}, ${chart.unit.text}` }];
  const amount = { field: "y", type: "quantitative", title: null, axis: { format: ",~f", tickCount: 5 },
    scale: { type: chart.log ? "log" : "linear", nice: true, ...(top !== null && !chart.log ? { domainMax: top } : {}) } };
  const legend = many && !(chart.small && panel === "name") ? { title: null, orient: "bottom", columns: width < 500 ? 1 : width < 800 ? 2 : 3, labelLimit: width < 500 ? 280 : 240 } : null;
  const colour = { field: "name", type: "nominal", sort: names, legend,
    scale: { domain: names, range: names.map((name, n) => colours.series[n % colours.series.length]) } };
  const time = { field: "at", type: "ordinal", sort: chart.periods, scale: { domain: chart.periods }, title: null, axis: { labelAngle: chart.kind === "stack" && chart.periods.length < 9 ? 0 : -45, labelOverlap: "parity" } };
  const spec = {
    $schema: "https://vega.github.io/schema/vega-lite/v6.json",
    data: { values: points },
    ...(heading ? { title: { text: heading[0], subtitle: heading.slice(1), anchor: "start", offset: 12 }, padding: 12 } : {}),
    config: { aria: false, background: null, font: colours.font, view: { stroke: null }, range: { category: colours.series },
      title: { color: colours.ink, subtitleColor: colours.muted }, legend: { labelColor: colours.ink, labelFontSize: 12 },
      header: { labelColor: colours.ink, labelFontSize: 12 },
      axis: { labelColor: colours.ink, labelFontSize: 12, gridColor: colours.line, domainColor: colours.line, tickColor: colours.line, labelLimit: width * 0.42 } },
  };
  if (chart.kind === "bars") {
    const rows = { field: "name", type: "nominal", sort: names, title: null, axis: { ticks: false, domain: false } };
    return { ...spec, width, height: 28 * names.length, autosize: { type: "fit-x", contains: "padding" }, encoding: { y: rows, tooltip },
      layer: [
        { mark: { type: "bar", color: colours.series[0], cursor: "pointer" }, encoding: { x: amount, opacity: { condition: { test: "datum.pale", value: 0.3 }, value: 1 } } },
        { transform: [{ filter: "isValid(datum.low)" }], mark: { type: "rule", color: colours.ink, strokeWidth: 2 },
          encoding: { x: { ...amount, field: "low" }, x2: { field: "high" } } },
      ] };
  }
  if (chart.kind === "stack") {
    const layers = [{ mark: { type: "bar", cursor: "pointer" }, encoding: { x: time, y: { ...amount, stack: "zero" }, color: colour, order: { field: "rank" }, tooltip } }];
    if (chart.line !== null && chart.line !== undefined) {
      layers.push({ data: { values: [{}] }, mark: { type: "rule", strokeDash: [6, 4], strokeWidth: 2, color: colours.ink }, encoding: { y: { datum: chart.line } } });
      layers.push({ data: { values: [{}] }, mark: { type: "text", align: "left", baseline: "bottom", dx: 4, dy: -3, color: colours.ink, fontSize: 12, text: chart.lineText }, encoding: { y: { datum: chart.line }, x: { value: 0 } } });
    }
    points.forEach((p) => { p.rank = names.indexOf(p.name); });
    return { ...spec, width, height: 340, autosize: { type: "fit-x", contains: "padding" }, layer: layers };
  }
  const layer = [
    { mark: { type: "line", strokeWidth: 2 } },
    { mark: { type: "point", filled: true, size: 40, opacity: 1, cursor: "pointer" }, encoding: { tooltip } },
  ];
  if (!chart.small) return { ...spec, width, height: 340, autosize: { type: "fit-x", contains: "padding" }, encoding: { x: time, y: amount, color: colour }, layer };
  const columns = width < 500 ? 1 : width < 800 ? 2 : 3;
  const panels = unique(points.map((p) => p[panel]));
  return { ...spec, columns, facet: { field: panel, type: "nominal", sort: panels, title: null, header: { labelAnchor: "start", labelLimit: width / columns - 20 } },
    spec: { width: Math.floor(width / columns) - 70, height: 120, encoding: { x: { ...time, axis: { labelAngle: -45, labelOverlap: "parity", values: chart.periods.filter((_, n) => n % 4 === 0) } }, y: { ...amount, axis: { format: ",~f", tickCount: 3 } }, color: colour }, layer },
    resolve: { scale: { y: "independent" } } };
}

/** Draw a description into an element. */
function embed(element, spec) {
  const formatLocale = { decimal: speech.number.at(-2), thousands: speech.number[1], grouping: [3], currency: ["$", ""], minus: "−" };
  return vegaEmbed(element, spec, { mode: "vega-lite", renderer: "svg", ast: true, actions: false, formatLocale,
    defaultStyle: false, tooltip: { disableDefaultStyle: true } });
}

async function draw(element, shown, top, mine) {
  const canvas = el("div", { "aria-hidden": "true" }); // the element around it has a name, and the table says the rest
  element.append(canvas);
  const drawing = await embed(canvas, description(shown.chart, element.clientWidth, { top }));
  if (mine !== turn) return drawing.finalize(); // the reader has gone on
  finished.push(drawing);
  canvas.querySelector("form")?.remove(); // Vega's, for controls of its own
  drawing.view.addEventListener("click", (event, item) => {
    const changes = shown.pick && item?.datum?.name ? shown.pick(item.datum) : null;
    if (changes) go(changes);
  });
}

// --- files --------------------------------------------------------------------------------------------------------

function save(name, content, type) {
  const address = typeof content === "string" && content.startsWith("data:") ? content : URL.createObjectURL(new Blob([content], { type }));
  el("a", { href: address, download: `${DATA.name}-${name}` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1e4);
}

/** Rows as CSV: figures as they are in the report's tables, ids with their names; no text runs as a formula. */
function csv(columns, rows) {
  const quote = (value) => {
    const text = typeof value === "string" && FORMULA.test(value) ? `'${value}` : String(value ?? "");
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const heads = columns.flatMap(({ key, names }) => (names ? [key, `${key.replace(/_id$/, "")}_name`] : [key]));
  const lines = rows.map((row) => columns.flatMap(({ key, names }) => (names ? [row[key], nameOf(names, row[key])] : [row[key]])));
  return `\ufeff${[heads, ...lines].map((line) => line.map(quote).join(",")).join("\n")}\n`;
}

const columnsOf = (rows) => unique(rows.flatMap((row) => Object.keys(row))).map((key) => ({ key }));

async function savePicture(shown, format) {
  const heading = [shown.title, shown.chart.unit.text, [speech.source, speech.mark].filter(Boolean).join(" · ")];
  const room = el("div", { class: "unseen" });
  document.body.append(room);
  const drawing = await embed(room, { ...description(shown.chart, 900, { heading }), background: getComputedStyle(document.documentElement).getPropertyValue("--paper") });
  const content = format === "svg" ? await drawing.view.toSVG() : await drawing.view.toImageURL("png", 2);
  save(`${viewOf()}.${format}`, content, "image/svg+xml");
  drawing.finalize();
  room.remove();
}

// --- the page -----------------------------------------------------------------------------------------------------

/** An element; texts become letters, never markup. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

const viewOf = () => (openViews().includes(state.view) ? state.view : openViews()[0]);

function header() {
  const links = LANGUAGES.map((code) => el("li", {}, el("a", { id: `lang-${code}`, href: addressOf({ ...state, lang: code }), lang: code, hreflang: code,
    "aria-current": code === state.lang ? "true" : null }, DATA.languages[code].own)));
  const views = openViews().map((view) => el("li", {}, el("a", { id: `view-${view}`, href: addressOf({ lang: state.lang, view }),
    "aria-current": view === viewOf() ? "page" : null }, viewName(view))));
  return [
    el("div", { class: "top" },
      el("div", {}, el("h1", {}, `${speech.title}: ${speech.about}`), el("p", {}, say("title"), " · ", el("a", { href: `${state.lang}/report.html` }, say("report")), ` · № ${DATA.seal}`)),
      LANGUAGES.length > 1 ? el("nav", { "aria-label": speech.words.choices.language }, el("ul", { class: "links languages" }, links)) : null),
    el("nav", { "aria-label": say("views") }, el("ul", { class: "links" }, views)),
  ];
}

function tools() {
  const products = unique([...table("profile"), ...table("counterfactual")].map((row) => row.product_id));
  const find = (event) => {
    const product = products.find((id) => nameOf("product_id", id).toLowerCase() === event.target.value.trim().toLowerCase());
    if (!product) return;
    const view = viewOf() === "actual_and_expected" ? viewOf() : "import_profile";
    go({ view, product_id: product, ...(view === "import_profile" ? { by: "origin" } : {}) });
  };
  const copy = async () => {
    await navigator.clipboard.writeText(location.href).catch(() => null);
    tell(say("copied"));
  };
  return el("div", { class: "tools" },
    el("label", {}, say("find"), el("input", { id: "find", type: "search", list: "products", autocomplete: "off", onchange: find, oninput: (event) => ([undefined, "insertReplacementText"].includes(event.inputType) ? find(event) : null) })),
    el("datalist", { id: "products" }, products.map((id) => el("option", { value: nameOf("product_id", id) }))),
    el("button", { id: "compare", type: "button", "aria-pressed": String(state.compare === "1"), onclick: compare }, say("compare")),
    el("button", { id: "copy", type: "button", onclick: copy }, say("address")),
    el("button", { id: "reset", type: "button", onclick: () => { location.hash = addressOf({ lang: state.lang, view: viewOf() }); } }, say("reset")));
}

/** Beside the first selection a second one, which begins as the first one is. */
function compare() {
  if (state.compare === "1") {
    const kept = Object.entries(state).filter(([name]) => !name.startsWith("b.") && name !== "compare");
    location.hash = addressOf(Object.fromEntries(kept));
  } else {
    const second = Object.entries(state).filter(([name]) => !["lang", "view", "compare"].includes(name)).map(([name, value]) => [`b.${name}`, value]);
    go({ ...Object.fromEntries(second), compare: "1" });
  }
}

function controls(side, shown) {
  const legend = state.compare === "1" ? say(side === "a" ? "first" : "second") : viewName(viewOf());
  const selects = shown.controls.map(({ name, label, options, value }) => el("label", {}, label,
    el("select", { id: `${side}-${name}`, onchange: (event) => go({ [keyOf(side, name)]: event.target.value }) },
      options.map(([code, text]) => el("option", { value: code, selected: code === value }, capital(text))))));
  const filter = el("label", {}, say("rows"), el("input", { id: `${side}-rows`, type: "search", autocomplete: "off", value: state[keyOf(side, "rows")] ?? "",
    oninput: (event) => go({ [keyOf(side, "rows")]: event.target.value }, { typing: true }) }));
  return el("fieldset", { class: "controls" }, el("legend", {}, legend), selects, filter);
}

/** What a cell says, and what it is sorted by. */
function cell(column, row) {
  const value = row[column.key];
  if (column.names) return nameOf(column.names, value);
  if (column.text) return column.text(value ?? null);
  if (column.digits !== undefined) return number(value === null || value === undefined ? null : value * (column.scale ?? 1), column.digits);
  return value ?? "";
}

function listing(side, n, { caption, columns, rows, deeper: into }) {
  const key = keyOf(side, "sort"), [which, by, order] = (state[key] ?? "").split("~");
  const column = Number(which) === n && state[key] ? columns.find((c) => c.key === by) : null;
  const wanted = (state[keyOf(side, "rows")] ?? "").toLowerCase();
  const fits = rows.filter((row) => !wanted || columns.some((c) => cell(c, row).toLowerCase().includes(wanted)));
  const value = (row) => (column.digits === undefined ? cell(column, row) : row[column.key] ?? -Infinity);
  const compared = (one, other) => (typeof one === "string" ? one.localeCompare(other, state.lang) : one === other ? 0 : one - other);
  if (column) fits.sort((one, other) => compared(value(one), value(other)) * (order === "down" ? -1 : 1));
  const head = columns.map((c) => {
    const sorted = column === c ? (order === "down" ? "descending" : "ascending") : null;
    const next = sorted === "descending" ? "up" : sorted === "ascending" ? "down" : c.digits === undefined ? "up" : "down";
    return el("th", { scope: "col", class: c.digits === undefined ? null : "number", "aria-sort": sorted },
      el("button", { id: `${side}-${n}-${c.key}`, type: "button", onclick: () => go({ [key]: `${n}~${c.key}~${next}` }) }, `${c.label}${sorted ? (order === "down" ? " ▼" : " ▲") : ""}`));
  });
  const body = fits.map((row) => el("tr", {}, columns.map((c, at) => el("td", { class: c.digits === undefined ? c.kind ?? null : "number" },
    at === 0 && into ? el("button", { type: "button", onclick: () => go(into(row)) }, cell(c, row)) : cell(c, row)))));
  return [
    el("div", { class: "table", role: "group", tabindex: "0", "aria-label": caption },
      el("table", {}, el("caption", {}, caption), el("thead", {}, el("tr", {}, head)), el("tbody", {}, body))),
    el("p", { class: "files" }, el("button", { type: "button", "data-file": `${side}-${n}`, onclick: () => save(`${viewOf()}-${n + 1}.csv`, csv(columns, fits), "text/csv") }, "CSV")),
  ];
}

function pane(side, shown) {
  const { chart } = shown, empty = !chart.points.some((p) => p.y !== null);
  const name = `${shown.title}, ${chart.measure}, ${chart.unit.text}`;
  const flat = chart.flat.map(({ own, ...row }) => row);
  const files = [["CSV", () => save(`${viewOf()}.csv`, csv(columnsOf(flat), flat), "text/csv")], ["SVG", () => savePicture(shown, "svg")], ["PNG", () => savePicture(shown, "png")]];
  const figure = empty ? el("p", {}, say("none")) : el("figure", {},
    el("div", { class: "chart", role: "img", "aria-label": name }),
    el("p", { class: "unit" }, [chart.note, speech.source].filter(Boolean).join(" ")),
    el("p", { class: "files" }, files.map(([label, onclick]) => el("button", { type: "button", "data-file": `${side}-${label.toLowerCase()}`, onclick }, label))));
  return el("section", { class: "side", "aria-label": shown.title },
    controls(side, shown), el("h2", {}, shown.title),
    shown.facts ? el("dl", { class: "facts" }, shown.facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])) : null,
    el("p", { class: "unit" }, `${capital(chart.measure)}, ${chart.unit.text}`), figure,
    shown.tables.filter(({ rows }) => rows.length).flatMap((one, n) => listing(side, n, one)));
}

function tell(text) {
  document.getElementById("said").textContent = text;
}

/** The page anew, of the state in the address; the focus stays where it is. */
function render() {
  state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  state.lang = LANGUAGES.includes(state.lang) ? state.lang : LANGUAGES[0];
  speech = DATA.languages[state.lang];
  turn += 1;
  finished.splice(0).forEach((drawing) => drawing.finalize());
  document.documentElement.lang = state.lang;
  const focus = document.activeElement, [held, caret] = [focus?.id, focus?.selectionStart];
  const sides = openViews().length ? (state.compare === "1" ? ["a", "b"] : ["a"]) : [];
  const shown = sides.map((side) => VIEWS[viewOf()].show(side));
  document.title = [shown[0]?.title, speech.title].filter(Boolean).join(" · ");
  const panes = shown.map((one, n) => pane(sides[n], one));
  document.getElementById("page").replaceChildren(
    ...(speech.mark ? [el("header", {}, el("p", { class: "mark" }, speech.mark))] : []),
    el("main", {}, header(), sides.length ? tools() : el("p", {}, say("none")), el("div", { class: "sides" }, panes)));
  const again = held ? document.getElementById(held) : null;
  again?.focus({ preventScroll: true });
  if (again?.type === "search" && caret !== undefined) again.setSelectionRange(caret, caret);
  const alike = shown.length === 2 && shown[0].chart.unit.text === shown[1].chart.unit.text && !shown.some(({ chart }) => chart.small);
  const top = alike ? Math.max(...shown.flatMap(({ chart }) => heights(chart))) : null;
  const done = panes.map((one, n) => one.querySelector(".chart") && draw(one.querySelector(".chart"), shown[n], top, turn));
  if (shown.length) tell(shown.map(({ title }) => title).join("; "));
  document.body.dataset.drawn = "";
  const mine = turn;
  Promise.all(done).then(() => { if (mine === turn) document.body.dataset.drawn = location.hash || "#"; });
}

/** How high a chart reaches: for two side by side to have one scale. */
function heights(chart) {
  if (chart.kind !== "stack") return chart.points.flatMap((p) => [p.y ?? 0, p.high ?? 0]);
  return [chart.line ?? 0, ...[...grouped(chart.points, "at").values()].map((own) => total(own, "y") ?? 0)];
}

let width = innerWidth, waiting;
addEventListener("hashchange", render);
addEventListener("resize", () => {
  if (width === innerWidth) return;
  width = innerWidth;
  clearTimeout(waiting);
  waiting = setTimeout(render, 150);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", render);
render();
