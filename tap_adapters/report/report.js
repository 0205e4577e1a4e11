// What the page can do besides: choose a table, open and close all commits. It works without.
(function () {
  "use strict";
  var tools = document.getElementById("tools");
  var chosen = document.getElementById("chosen");
  var shown = document.getElementById("shown");
  var commits = Array.prototype.slice.call(document.querySelectorAll("#timeline > li"));
  tools.hidden = false;
  function choose() {
    var left = 0;
    commits.forEach(function (one) {
      var tables = (one.getAttribute("data-tables") || "").split(" ");
      one.hidden = chosen.value !== "" && tables.indexOf(chosen.value) < 0;
      left += one.hidden ? 0 : 1;
    });
    shown.textContent = chosen.value === "" ? "" : left + " of " + commits.length + " commits";
  }
  function open(all) {
    return function () {
      commits.forEach(function (one) {
        var details = one.querySelector("details");
        if (details) { details.open = all; }
      });
    };
  }
  chosen.addEventListener("change", choose);
  document.getElementById("open").addEventListener("click", open(true));
  document.getElementById("close").addEventListener("click", open(false));
  choose();
  document.documentElement.setAttribute("data-script", "ran");
})();
