// What the widgets do not do themselves, in JupyterLab and on the page.
if (!window.importcutDesk) {
  window.importcutDesk = true;
  const within = (event, selector) => event.target instanceof Element && event.target.closest(selector);

  // A key that is typed in the desk is none of JupyterLab's shortcuts, of which d d deletes the cell in focus.
  document.addEventListener("focusin", (event) => {
    if (within(event, ".desk")) event.target.dataset.lmSuppressShortcuts = "true";
  });
  document.addEventListener("pointerdown", (event) => {
    const desk = within(event, ".desk");
    if (desk) desk.tabIndex = -1;
  }, true);
  document.addEventListener("click", (event) => {
    const desk = within(event, ".desk");
    if (desk && !desk.contains(document.activeElement)) desk.focus({ preventScroll: true });
  });

  // A number is typed with either decimal sign, and where per cent are shown, in per cent.
  document.addEventListener("focus", (event) => {
    const readout = within(event, ".desk .widget-readout");
    if (readout) readout.dataset.percent = readout.textContent.includes("%") ? "yes" : "";
  }, true);
  const plain = (event) => {
    const readout = within(event, ".desk .widget-readout");
    if (!readout || (event.type === "keydown" && event.key !== "Enter")) return;
    const number = parseFloat(readout.textContent.replace(",", ".").replace("\u2212", "-"));
    readout.textContent = readout.dataset.percent ? number / 100 : number;
  };
  for (const kind of ["keydown", "blur"]) document.addEventListener(kind, plain, true);

  // A kernel that is gone is told in words that the desk has brought; the page of Voilà has a kernel of its own to ask.
  const { baseUrl, kernelId } = JSON.parse(document.getElementById("jupyter-config-data")?.textContent ?? "{}");
  if (baseUrl && !kernelId) setInterval(async () => {
    const sessions = await fetch(`${baseUrl}api/sessions`).then((answer) => answer.json(), () => []);
    const lost = !sessions.some(({ path }) => decodeURI(location.pathname).endsWith(`/${path}`));
    document.querySelectorAll(".desk-lost").forEach((line) => { line.hidden = !lost; });
  }, 3000);
}
