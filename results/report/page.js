// SPDX-License-Identifier: GPL-2.0-or-later
// Tables sort by the column whose head is clicked, or chosen by Enter; without this they stay as they are.
document.querySelectorAll('table.sortable').forEach(function (table) {
  var heads = Array.from(table.tHead.rows[table.tHead.rows.length - 1].cells);
  function value(row, column) {
    var cell = row.cells[column];
    return cell === undefined ? '' : cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
  }
  function compare(a, b) {
    if (typeof a !== typeof b) { return typeof a === 'number' ? -1 : 1; }
    return typeof a === 'number' ? a - b : a.localeCompare(b, 'en', {numeric: true});
  }
  heads.forEach(function (head, column) {
    function sort() {
      var down = head.getAttribute('aria-sort') === 'ascending';
      var body = table.tBodies[0];
      var rows = Array.from(body.rows);
      rows.sort(function (a, b) {
        var order = compare(value(a, column), value(b, column));
        return down ? -order : order;
      });
      rows.forEach(function (row) { body.appendChild(row); });
      heads.forEach(function (other) { other.removeAttribute('aria-sort'); });
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
    }
    head.setAttribute('role', 'button');
    head.tabIndex = 0;
    head.addEventListener('click', sort);
    head.addEventListener('keydown', function (event) {
      if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); sort(); }
    });
  });
});
