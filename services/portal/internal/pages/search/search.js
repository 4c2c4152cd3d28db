// The box of the archive: suggestions while typing (listbox pattern of WAI-ARIA), and the place of the device as the centre of a radius. Without it the page is a form.
const english = document.documentElement.lang === "en";
const t = (zh, en) => (english ? en : zh);

const WAIT_MS = 120;
const kinds = { enterprise: t("企业", "enterprise"), ref: t("文号", "reference"), tag: t("标签", "tag"), place: t("地点", "place") };

const input = document.getElementById("q"), list = document.getElementById("suggestions"), spoken = document.getElementById("suggested");
let options = [], at = -1, timer = 0, asked = null, typed = input.value;

input.setAttribute("role", "combobox");
input.setAttribute("aria-autocomplete", "list");
input.setAttribute("aria-controls", list.id);
input.setAttribute("aria-expanded", "false");

function close() {
  clearTimeout(timer);
  asked?.abort();
  list.hidden = true;
  list.replaceChildren();
  options = [];
  at = -1;
  spoken.textContent = "";
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

// mark puts text into an element, with what stands in <mark> marked; nothing else of the fragment becomes markup.
function mark(element, fragment) {
  const parsed = new DOMParser().parseFromString(fragment, "text/html");
  for (const node of parsed.body.childNodes) {
    if (node.nodeName === "MARK") {
      const m = document.createElement("mark");
      m.textContent = node.textContent;
      element.append(m);
    } else element.append(node.textContent);
  }
}

function show(items) {
  list.replaceChildren();
  at = -1;
  input.removeAttribute("aria-activedescendant");
  options = items.map((item, i) => {
    const li = document.createElement("li"), text = document.createElement("span"), kind = document.createElement("span");
    li.id = "suggestion-" + i;
    li.setAttribute("role", "option");
    li.setAttribute("aria-selected", "false");
    mark(text, item.highlight || "");
    if (!item.highlight) text.textContent = item.text;
    kind.className = "quiet";
    kind.textContent = kinds[item.kind] || "";
    li.append(text, " ", kind);
    li.addEventListener("pointerdown", (e) => e.preventDefault()); // the box keeps the focus
    li.addEventListener("click", () => take(i));
    list.append(li);
    return { li, query: item.query };
  });
  list.hidden = options.length === 0;
  input.setAttribute("aria-expanded", String(options.length > 0));
  spoken.textContent = options.length > 0 ? t(options.length + " 条建议，用上下键选择", options.length + " suggestions, choose with the arrow keys") : "";
}

async function ask() {
  asked?.abort();
  const q = input.value.trim();
  if (q === "") return close();
  const mine = (asked = new AbortController());
  try {
    const r = await fetch("/api/v1/suggest?q=" + encodeURIComponent(q), { signal: mine.signal, headers: { "Accept-Language": document.documentElement.lang } });
    if (!r.ok) return close();
    const items = (await r.json()).items || [];
    if (!mine.signal.aborted && document.activeElement === input) show(items);
  } catch {
    if (!mine.signal.aborted) close(); // suggestions are a help; the form works without
  }
}

function move(to) {
  if (at >= 0) options[at].li.setAttribute("aria-selected", "false");
  at = to;
  if (at < 0) {
    input.removeAttribute("aria-activedescendant");
    input.value = typed;
    return;
  }
  const { li, query } = options[at];
  li.setAttribute("aria-selected", "true");
  li.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", li.id);
  input.value = query;
}

function take(i) {
  input.value = options[i].query;
  close();
  input.form.requestSubmit();
}

input.addEventListener("input", (e) => {
  typed = input.value;
  clearTimeout(timer);
  if (!e.isComposing) timer = setTimeout(ask, WAIT_MS);
});
input.addEventListener("compositionend", () => {
  typed = input.value;
  clearTimeout(timer);
  timer = setTimeout(ask, WAIT_MS);
});
input.addEventListener("blur", close);
input.addEventListener("keydown", (e) => {
  if (e.isComposing) return;
  switch (e.key) {
    case "ArrowDown":
    case "ArrowUp":
      if (options.length === 0) {
        if (e.key === "ArrowDown") ask();
        return;
      }
      e.preventDefault();
      // One step beyond either end is what was typed.
      if (e.key === "ArrowDown") move(at + 1 < options.length ? at + 1 : -1);
      else move(at < 0 ? options.length - 1 : at - 1);
      break;
    case "Escape":
      if (list.hidden) return;
      e.preventDefault();
      input.value = typed;
      close();
      break;
    case "Enter":
      if (at >= 0) {
        e.preventDefault();
        take(at);
      }
      break;
  }
});

const here = document.getElementById("here");
if (here && window.isSecureContext && navigator.geolocation) {
  const near = document.getElementById("near"), failed = document.getElementById("here-failed");
  here.hidden = false;
  here.addEventListener("click", () => {
    failed.textContent = "";
    here.disabled = true;
    navigator.geolocation.getCurrentPosition(
      (p) => {
        near.value = p.coords.latitude.toFixed(5) + "," + p.coords.longitude.toFixed(5);
        here.disabled = false;
        near.focus();
      },
      () => {
        here.disabled = false;
        failed.textContent = t("没有取得位置，请直接填写经纬度或选择城市。", "The device gave no place: type it, or choose a city.");
      },
      { timeout: 10000 },
    );
  });
}
