// How one file looks in the list, and the words and figures that people read.

const english = document.documentElement.lang === "en";

// t gives the words in the page's language.
export const t = (zh, en) => (english ? en : zh);

export function size(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let i = 0;
  while (bytes >= 1024 && i < units.length - 1) {
    bytes /= 1024;
    i++;
  }
  return (i === 0 || bytes >= 100 ? Math.round(bytes) : bytes.toFixed(1)) + " " + units[i];
}

export function left(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const s = Math.max(1, Math.round(seconds));
  if (s < 60) return t(`剩约 ${s} 秒`, `about ${s} s left`);
  const m = Math.round(s / 60);
  if (m < 60) return t(`剩约 ${m} 分钟`, `about ${m} min left`);
  return t(`剩约 ${Math.floor(m / 60)} 小时 ${m % 60} 分钟`, `about ${Math.floor(m / 60)} h ${m % 60} min left`);
}

// Rate is bytes per second over the last WINDOW, of bytes that were sent: what the server had before doesn't count.
const WINDOW = 8000;

export class Rate {
  constructor() {
    this.reset();
  }

  reset() {
    this.points = [];
  }

  add(offset) {
    const now = performance.now();
    const last = this.points.at(-1);
    if (last && offset < last.offset) this.reset();
    this.points.push({ now, offset });
    while (this.points.length > 2 && now - this.points[0].now > WINDOW) this.points.shift();
  }

  get value() {
    const first = this.points[0], last = this.points.at(-1);
    if (!first || last.now - first.now < 500) return 0;
    return ((last.offset - first.offset) * 1000) / (last.now - first.now);
  }
}

const states = {
  sealed: t("已封存，正在查验…", "sealed; being examined…"),
  examined: t("已查验，正在生成公开副本…", "examined; the public copies are being made…"),
  rendered: t("公开副本已生成，请审看", "the public copies are there; please look at them"),
  cleared: t("已审看，已公开", "looked at and cleared"),
  waiting: t("已封存；公开副本要等服务器装好所需程序", "sealed; the public copies wait for a program on the server"),
  failed: t("已封存，但无法生成公开副本", "sealed, but no public copy can be made"),
};

// refusal puts a problem+json into one sentence; what is wrong with the file says more than the title. The line is the file's: its label isn't said again.
export function refusal(problem) {
  const reasons = (problem.errors || []).map((e) => e.message.replace(/^文件：/, ""));
  if (reasons.length > 0) return reasons.join(t("；", "; "));
  if (problem.status === 415) return problem.title + t("，可传照片、视频、录音或 PDF", ": pictures, clips, sound and PDF are");
  return problem.detail ? problem.title + t("：", ": ") + problem.detail : problem.title;
}

// Row is a file's line. Its buttons call what pressed gives them: {pause, resume, drop}.
export class Row {
  constructor(template, name, bytes, pressed) {
    this.node = template.content.firstElementChild.cloneNode(true);
    this.name = name;
    const part = (c) => this.node.querySelector("." + c);
    Object.assign(this, { bar: part("bar"), said: part("said"), link: part("look") });
    part("file").textContent = name;
    part("bytes").textContent = size(bytes);
    this.bar.max = Math.max(bytes, 1);
    this.bar.setAttribute("aria-label", name);
    this.buttons = {};
    for (const act of ["pause", "resume", "drop"]) {
      const b = (this.buttons[act] = part(act));
      b.setAttribute("aria-label", b.textContent.trim() + t("：", ": ") + name);
      b.addEventListener("click", () => pressed[act]());
    }
  }

  // show sets the line's state (for style and tests), its words, and which buttons there are.
  show(phase, words, ...acts) {
    this.node.dataset.phase = phase;
    this.said.textContent = words;
    const focused = Object.values(this.buttons).includes(document.activeElement) && this.node.contains(document.activeElement);
    for (const [act, b] of Object.entries(this.buttons)) b.hidden = !acts.includes(act);
    // A button that goes away mustn't take the keyboard's place with it.
    if (focused && document.activeElement.hidden !== false) (Object.values(this.buttons).find((b) => !b.hidden) || this.node).focus();
  }

  at(offset) {
    this.bar.value = offset;
  }

  // medium shows how far the medium is on its way.
  medium(m, prefix) {
    const words = prefix + (states[m.state] || m.state) + (m.reason_message ? t("：", ": ") + m.reason_message : "");
    this.show(m.state === "failed" ? "failed" : "done", words);
    this.node.dataset.state = m.state;
    this.bar.hidden = true;
    this.link.href = "/look/" + m.id;
    this.link.setAttribute("aria-label", this.link.textContent.trim() + t("：", ": ") + this.name);
    this.link.hidden = !["rendered", "cleared", "failed", "waiting"].includes(m.state);
  }
}
