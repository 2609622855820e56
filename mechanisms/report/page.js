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

  function filterable(box) {
    const rows = Array.from(box.querySelector("table").tBodies[0].rows);
    const tools = document.createElement("div");
    tools.className = "tools";
    const word = document.createElement("input");
    word.type = "search";
    word.placeholder = "name or mechanism";
    const shown = document.createElement("output");
    const buttons = new Map();
    let claim = "";

    function apply() {
      const wanted = word.value.trim().toLowerCase();
      let n = 0;
      for (const row of rows) {
        const fits =
          (!wanted || row.cells[0].textContent.toLowerCase().includes(wanted)) &&
          (!claim || row.dataset.claim === claim);
        row.hidden = !fits;
        n += fits ? 1 : 0;
      }
      for (const [name, button] of buttons) button.setAttribute("aria-pressed", name === claim);
      shown.textContent = n + " of " + rows.length + " shown";
    }

    for (const item of box.querySelectorAll(".counts li")) {
      const button = document.createElement("button");
      const text = document.createElement("span");
      button.type = "button";
      text.append(...item.childNodes);
      button.append(text);
      item.append(button);
      buttons.set(item.dataset.claim, button);
      button.addEventListener("click", function () {
        claim = claim === item.dataset.claim ? "" : item.dataset.claim;
        apply();
      });
    }
    const label = document.createElement("label");
    label.append("Filter ", word);
    tools.append(label, shown);
    box.querySelector(".scroll").before(tools);
    word.addEventListener("input", apply);
    apply();
  }

  document.querySelectorAll("table.sortable").forEach(sortable);
  document.querySelectorAll("[data-tools=mechanisms]").forEach(filterable);
})();
