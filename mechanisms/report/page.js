// Sorting and filtering. Everything can be read without this script.
(function () {
  "use strict";

  function key(cell) {
    const text = cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent.trim();
    if (text === "" || text === "NA") return null;
    const n = Number(text.replace("−", "-"));
    return Number.isNaN(n) ? text.toLowerCase() : n;
  }

  function compare(a, b) {
    if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" ? -1 : 1;
  }

  function sort(table, index, descending) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows).map((row, i) => ({ row, i, key: key(row.cells[index]) }));
    rows.sort(function (x, y) {
      if (x.key === null || y.key === null) {
        return (x.key === null) - (y.key === null) || x.i - y.i; // missing values last
      }
      return (descending ? -1 : 1) * compare(x.key, y.key) || x.i - y.i;
    });
    rows.forEach((r) => body.appendChild(r.row));
  }

  function sortable(table) {
    Array.from(table.tHead.rows[0].cells).forEach(function (head, index) {
      if (head.classList.contains("nosort")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", function () {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sort(table, index, descending);
      });
    });
  }

  function labelled(text, control) {
    const label = document.createElement("label");
    label.append(text + " ", control);
    return label;
  }

  function filterable(box) {
    const table = box.querySelector("table");
    const rows = Array.from(table.tBodies[0].rows);
    const tools = document.createElement("div");
    tools.className = "tools";
    const word = document.createElement("input");
    word.type = "search";
    word.placeholder = "name or mechanism";
    const claim = document.createElement("select");
    claim.add(new Option("all", ""));
    for (const name of new Set(rows.map((r) => r.dataset.claim))) {
      claim.add(new Option(name || "no claim", name || " "));
    }
    const shown = document.createElement("output");
    function apply() {
      const wanted = word.value.trim().toLowerCase();
      let n = 0;
      for (const row of rows) {
        const fits =
          (!wanted || row.cells[0].textContent.toLowerCase().includes(wanted)) &&
          (!claim.value || row.dataset.claim === claim.value.trim());
        row.hidden = !fits;
        n += fits ? 1 : 0;
      }
      shown.textContent = n + " of " + rows.length + " shown";
    }
    word.addEventListener("input", apply);
    claim.addEventListener("change", apply);
    tools.append(labelled("Filter", word), labelled("Claim", claim), shown);
    box.prepend(tools);
    apply();
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("[data-tools=mechanisms]").forEach(filterable);
})();
