// Areas to hide, drawn on the picture. The form's fields are what counts: a rectangle only shows them, so keyboard, numbers and pointer come to the same.
const SVG = "http://www.w3.org/2000/svg";
const LEAST = 6; // shorter strokes are a press, not a rectangle; in pixels of the screen

const form = document.getElementById("areas");
const stage = document.querySelector(".stage");
const moving = document.querySelector(".moving");

// wait asks until the medium has come to a state with something to do.
async function wait() {
  for (let ms = 1000; ; ms = Math.min(10000, ms * 1.4)) {
    await new Promise((wake) => setTimeout(wake, ms));
    try {
      const r = await fetch("/api/v1/media/" + moving.dataset.id);
      if (r.ok && !["sealed", "examined"].includes((await r.json()).state)) location.reload();
      else if (!r.ok && r.status < 500 && r.status !== 429) return;
    } catch {
      // Away; the next round may find it.
    }
  }
}

function areas() {
  const rows = form.querySelector(".rows"), template = form.querySelector("template"), svg = stage && stage.querySelector("svg");
  const video = stage && stage.querySelector("video");
  const [, , width, height] = svg ? svg.getAttribute("viewBox").split(" ").map(Number) : [0, 0, Infinity, Infinity];
  const field = (row, name) => row.querySelector(`[name^="${name}"]`);
  const number = (row, name) => Number(field(row, name).value) || 0;
  const filled = (row) => ["x", "y", "width", "height"].every((n) => field(row, n).value !== "");
  let count = rows.children.length;

  const written = () => JSON.stringify([...rows.children].filter((r) => r.querySelector("[name=use]").checked).map((r) => [...r.querySelectorAll("input[type=number], select")].map((f) => f.value)));
  const before = written();

  function add(box) {
    const row = template.content.firstElementChild.cloneNode(true);
    const n = String(count++);
    for (const f of row.querySelectorAll("[name]")) f.name = f.name.replace(/N$/, n);
    row.querySelector("[name=row]").value = row.querySelector("[name=use]").value = n;
    rows.append(row);
    if (box) for (const [name, value] of Object.entries(box)) field(row, name).value = value;
    dress(row);
    draw();
    return row;
  }

  function dress(row) {
    for (const b of row.querySelectorAll("button")) b.hidden = b.classList.contains("now") && !video;
    row.querySelector(".remove").addEventListener("click", () => {
      const next = row.nextElementSibling || row.previousElementSibling;
      row.remove();
      draw();
      (next ? next.querySelector("[name=use]") : form.querySelector(".add")).focus();
    });
    for (const b of row.querySelectorAll(".now"))
      b.addEventListener("click", () => {
        field(row, b.dataset.end).value = video.currentTime.toFixed(2);
        draw();
      });
    row.addEventListener("focusin", () => choose(row));
  }

  function choose(row) {
    for (const r of rows.children) r.classList.toggle("chosen", r === row);
    draw();
  }

  // now says whether an area is to be seen at the clip's present moment.
  function now(row) {
    if (!video || !field(row, "from")) return true;
    const until = number(row, "until");
    return video.currentTime >= number(row, "from") && (until === 0 || video.currentTime < until);
  }

  function draw() {
    [...rows.children].forEach((row, i) => {
      row.querySelector(".nth").textContent = i + 1;
      row.classList.toggle("unused", !row.querySelector("[name=use]").checked);
    });
    const changed = form.querySelector(".changed");
    if (changed) changed.hidden = written() === before;
    if (!svg) return;
    svg.replaceChildren(
      ...[...rows.children].filter(filled).map((row) => {
        const rect = document.createElementNS(SVG, "rect");
        for (const n of ["x", "y", "width", "height"]) rect.setAttribute(n, Math.max(0, number(row, n)));
        rect.setAttribute("class", row.querySelector("[name=use]").checked ? "used" : "proposed");
        rect.classList.toggle("chosen", row.classList.contains("chosen"));
        rect.classList.toggle("elsewhen", !now(row));
        rect.row = row;
        return rect;
      }),
    );
  }

  function pointing() {
    const tools = document.querySelector(".tools"), button = tools.querySelector(".draw");
    const drawing = (on) => {
      button.setAttribute("aria-pressed", on);
      stage.classList.toggle("drawing", on);
      if (on && video) video.pause();
    };
    tools.hidden = false;
    button.addEventListener("click", () => drawing(button.getAttribute("aria-pressed") !== "true"));
    // A finger scrolls the page until it is told to draw, and a clip is played first.
    drawing(!video && matchMedia("(hover: hover)").matches);

    const at = (e) => {
      const box = svg.getBoundingClientRect();
      const clamp = (v, most) => Math.min(most, Math.max(0, v));
      return { x: clamp(((e.clientX - box.left) / box.width) * width, width), y: clamp(((e.clientY - box.top) / box.height) * height, height) };
    };
    let start = null, live = null;
    const box = (a, b) => {
      const x = Math.floor(Math.min(a.x, b.x)), y = Math.floor(Math.min(a.y, b.y));
      return { x, y, width: Math.min(width, Math.ceil(Math.max(a.x, b.x))) - x, height: Math.min(height, Math.ceil(Math.max(a.y, b.y))) - y };
    };
    const take = (row) => {
      row.querySelector("[name=use]").checked = true;
      choose(row);
    };
    const isDrawing = () => stage.classList.contains("drawing");
    // While areas are drawn, the end of a stroke tells a press from a rectangle.
    svg.addEventListener("click", (e) => {
      if (!isDrawing() && e.target.row) take(e.target.row);
    });
    svg.addEventListener("pointerdown", (e) => {
      if (e.button !== 0 || start || !isDrawing()) return;
      e.preventDefault();
      svg.setPointerCapture(e.pointerId);
      start = { ...at(e), clientX: e.clientX, clientY: e.clientY, on: e.target.row };
      live = document.createElementNS(SVG, "rect");
      live.setAttribute("class", "used");
    });
    svg.addEventListener("pointermove", (e) => {
      if (!start) return;
      for (const [n, v] of Object.entries(box(start, at(e)))) live.setAttribute(n, v);
      svg.append(live);
    });
    const end = (e) => {
      if (!start) return;
      const { on } = start, drawn = box(start, at(e));
      const press = Math.hypot(e.clientX - start.clientX, e.clientY - start.clientY) < LEAST;
      start = null;
      live.remove();
      if (e.type === "pointercancel") return;
      if (!press && drawn.width > 0 && drawn.height > 0) choose(add(drawn));
      else if (on) {
        take(on);
        on.scrollIntoView({ block: "nearest" });
      }
    };
    svg.addEventListener("pointerup", end);
    svg.addEventListener("pointercancel", end);
  }

  if (video) stage.style.maxWidth = `calc(80vh * ${width / height})`;
  [...rows.children].forEach(dress);
  const more = form.querySelector(".add");
  more.hidden = false;
  more.addEventListener("click", () => field(add(), "x").focus());
  form.addEventListener("input", draw);
  if (video) video.addEventListener("timeupdate", draw);
  if (svg) pointing();
  // Fields that a person has left half filled say so before anything is sent.
  form.addEventListener("submit", (e) => {
    for (const row of rows.children) {
      const used = row.querySelector("[name=use]").checked && e.submitter && e.submitter.value !== "retry";
      for (const n of ["x", "y", "width", "height"]) field(row, n).required = used;
    }
    if (!form.reportValidity()) e.preventDefault();
  });
  draw();
}

if (moving) wait();
if (form && form.querySelector(".rows")) areas();
const alert = document.querySelector(".look [role=alert]");
if (alert) alert.focus();
