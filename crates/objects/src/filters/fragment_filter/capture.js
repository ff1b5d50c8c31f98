(function () {
  var data = document.getElementById("capture").dataset;
  var fragment = location.hash;
  var next = data.next;
  function go() {
    location.replace(next);
  }
  if (!fragment) {
    return go();
  }
  if (next.indexOf("#") < 0 && new URL(next, location.href).origin === location.origin) {
    next += fragment;
  }
  var told = new URLSearchParams({ target: data.target, fragment: fragment });
  fetch(data.endpoint, { method: "POST", body: told, credentials: "same-origin", redirect: "error" }).then(go, go);
})();
