"use strict";
(() => {
  const form = document.querySelector("form.filter");
  const shown = document.getElementById("page-shown");
  const checks = [...document.querySelectorAll("article.check")].map((element) => ({
    element,
    details: element.querySelector("details"),
    text: (element.id + " " + element.textContent).toLowerCase().replace(/\s+/g, " "),
  }));

  const selects = ["verdict", "row", "requirement", "evidence"];

  function filter() {
    const wanted = new FormData(form);
    // Octets are found as they are written here and without their spaces alike.
    const text = wanted.get("text").trim().toLowerCase();
    const close = text.replaceAll(" ", "");
    let count = 0;
    for (const card of document.querySelectorAll(".figures a")) {
      const own = new URLSearchParams(card.hash.slice(1)).get("verdict");
      if (own === wanted.get("verdict")) card.setAttribute("aria-current", "true");
      else card.removeAttribute("aria-current");
    }
    for (const check of checks) {
      const data = check.element.dataset;
      const fits =
        selects.every((name) => !wanted.get(name) || data[name] === wanted.get(name)) &&
        (!text || check.text.includes(text) || (close.length > 3 && check.text.replaceAll(" ", "").includes(close)));
      check.element.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${checks.length} checks`;
  }

  function setAll(open) {
    for (const check of checks) {
      if (!check.element.hidden) check.details.open = open;
    }
  }

  // The filter is in the address: "#verdict=fail&row=GBCS". A check's own anchor has no "=".
  function tell() {
    filter();
    const set = [...new FormData(form)].filter(([, value]) => value);
    const address = location.href.split("#")[0];
    history.replaceState(null, "", set.length ? `#${new URLSearchParams(set)}` : address);
  }

  function show(wanted) {
    form.reset();
    for (const name of [...selects, "text"]) {
      const field = form.elements[name];
      field.value = wanted.get(name) || "";
      if (field.selectedIndex === -1) field.value = "";
    }
    filter();
    const heading = document.getElementById("page-checks");
    heading.scrollIntoView();
    heading.focus({ preventScroll: true });
  }

  function follow() {
    const hash = location.hash.slice(1);
    if (hash.includes("=")) {
      show(new URLSearchParams(hash));
      return;
    }
    let id = hash;
    try {
      id = decodeURIComponent(hash);
    } catch {
      return;
    }
    const target = id && document.getElementById(id);
    const matrix = target && target.closest("details.matrix");
    if (matrix) {
      matrix.open = true;
      target.scrollIntoView();
    }
    const check = checks.find((one) => one.element.id === id);
    if (!check) return;
    if (check.element.hidden) {
      form.reset();
      filter();
    }
    check.details.open = true;
    check.element.scrollIntoView();
    check.details.querySelector("summary").focus({ preventScroll: true });
  }

  form.addEventListener("input", tell);
  form.addEventListener("submit", (event) => event.preventDefault());
  document.querySelector("button[type=reset]").addEventListener("click", () => setTimeout(tell));
  document.getElementById("page-expand").addEventListener("click", () => setAll(true));
  document.getElementById("page-collapse").addEventListener("click", () => setAll(false));
  // A second click on the same count shows its checks again, though the address stays the same.
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    link.addEventListener("click", () => link.hash === location.hash && follow());
  }
  // On paper every check that was judged is open, those that were closed without their octets: a
  // report of a meter would fill 200 pages. On the screen it is afterwards as it was.
  const idle = ["not-applicable", "not-run"];
  let before = [];
  window.addEventListener("beforeprint", () => {
    before = [...document.querySelectorAll("details")].filter(
      (details) => !details.open && !details.matches(".trace") && !idle.includes(details.parentElement.dataset.verdict),
    );
    for (const details of before) {
      details.classList.add("brief");
      details.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of before) {
      details.classList.remove("brief");
      details.open = false;
    }
  });
  window.addEventListener("hashchange", follow);
  // A browser may have kept what was in the form.
  filter();
  // The browser goes to the anchor itself once the page is there, and would take the focus away.
  window.addEventListener("load", () => setTimeout(follow));
})();
