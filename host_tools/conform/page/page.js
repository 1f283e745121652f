"use strict";
(() => {
  const form = document.querySelector("form.filter");
  const shown = document.getElementById("page-shown");
  const checks = [...document.querySelectorAll("article.check")].map((element) => ({
    element,
    details: element.querySelector("details"),
    text: (element.id + " " + element.textContent).toLowerCase().replace(/\s+/g, " "),
  }));

  function filter() {
    const wanted = new FormData(form);
    // Octets are found as they are written here and without their spaces alike.
    const text = wanted.get("text").trim().toLowerCase();
    const close = text.replaceAll(" ", "");
    let count = 0;
    for (const check of checks) {
      const data = check.element.dataset;
      const fits =
        ["verdict", "row", "evidence"].every((name) => !wanted.get(name) || data[name] === wanted.get(name)) &&
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

  function follow() {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      return;
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

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  document.getElementById("page-expand").addEventListener("click", () => setAll(true));
  document.getElementById("page-collapse").addEventListener("click", () => setAll(false));
  for (const button of document.querySelectorAll("button.count")) {
    button.addEventListener("click", () => {
      form.reset();
      form.elements.row.value = button.dataset.row;
      form.elements.verdict.value = button.dataset.verdict;
      setTimeout(filter);
      const heading = document.getElementById("page-checks");
      heading.scrollIntoView();
      heading.focus({ preventScroll: true });
    });
  }
  // On paper every check that was judged is open, those that were closed without their octets: a
  // report of a meter would fill 200 pages. On the screen it is afterwards as it was.
  const idle = ["not-applicable", "not-run"];
  let before = [];
  window.addEventListener("beforeprint", () => {
    before = [...document.querySelectorAll("details")].filter(
      (details) => !details.open && !idle.includes(details.parentElement.dataset.verdict),
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
