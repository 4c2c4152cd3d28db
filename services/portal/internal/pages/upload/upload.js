// The upload page: a list of files, each hashed, sent, and followed until its public copies are there.
import { Upload, Refused, Stopped } from "./tus.js";
import { forget, keyOf, recall, remember, remembered } from "./memory.js";
import { Rate, Row, left, refusal, size, t } from "./row.js";

const AT_ONCE = 2;
const FOLLOW = { first: 1000, most: 10000 };
const MOVING = ["hashing", "queued", "sending", "away"];

const page = document.getElementById("upload");
const list = page.querySelector(".files");
const template = page.querySelector("template");
const spoken = page.querySelector("[role=status]");
const account = page.dataset.account;
const items = [];

const say = (words) => (spoken.textContent = words);

// The worker hashes; asked maps a question to who waits for its answer.
const worker = new Worker(new URL("./sha256.js", import.meta.url));
const asked = new Map();
worker.onmessage = ({ data }) => {
  const q = asked.get(data.id);
  if (data.done !== undefined) {
    q.progress(data.done);
    return;
  }
  asked.delete(data.id);
  if (data.hash) q.resolve(data.hash);
  else q.reject(new Error(data.failed));
};

let questions = 0;
function hashOf(file, progress) {
  return new Promise((resolve, reject) => {
    asked.set(++questions, { progress, resolve, reject });
    worker.postMessage({ id: questions, file });
  });
}

class Item {
  constructor(name, bytes, modified) {
    Object.assign(this, { name, bytes, modified, offset: 0, phase: "", rate: new Rate(), hash: "", key: "", url: "" });
    this.row = new Row(template, name, bytes, { pause: () => this.pause(), resume: () => this.resume(), drop: () => this.drop() });
    list.append(this.row.node);
    items.push(this);
  }

  is(file) {
    return this.name === file.name && this.bytes === file.size && this.modified === file.lastModified;
  }

  set(phase, words, ...acts) {
    this.phase = phase;
    this.row.show(phase, words, ...acts);
    overall();
  }

  async take(file, handle) {
    Object.assign(this, { file, handle });
    this.set("hashing", t("等待校验", "waiting to be hashed"), "drop");
    try {
      this.hash = await hashOf(file, (done) => this.set("hashing", t("正在校验 ", "hashing ") + Math.floor((100 * done) / Math.max(1, file.size)) + "%", "drop"));
    } catch {
      if (this.phase === "hashing") this.set("refused", t("无法读取此文件（可能是文件夹，或已被移动）", "can't be read: a folder, or moved meanwhile"), "drop");
      return;
    }
    if (this.phase !== "hashing") return;
    this.key = keyOf(account, file, this.hash);
    const before = await recall(this.key);
    this.url = before ? before.url : "";
    this.queue();
  }

  queue() {
    this.row.at(this.offset); // a bar without a value looks busy
    this.set("queued", t("排队等待上传", "waiting for its turn"), "pause", "drop");
    next();
  }

  async send() {
    this.stop = new AbortController();
    this.rate.reset();
    this.sending("");
    this.upload = new Upload({ file: this.file, hash: this.hash, url: this.url, told: (what) => this.told(what) });
    try {
      const { id, known } = await this.upload.run(this.stop.signal);
      forget(this.key);
      this.offset = this.bytes;
      this.row.at(this.bytes);
      say(this.name + t(known ? "：已有，未再传" : "：上传完成", known ? ": there already, not sent again" : ": uploaded"));
      this.phase = "done";
      follow(this, id, known ? t("已有，未再传；", "there already, not sent again; ") : "");
    } catch (e) {
      this.ended(e);
    }
    overall();
    next();
  }

  ended(e) {
    if (e instanceof Stopped) return;
    if (!(e instanceof Refused)) {
      this.set("paused", String(e), "resume", "drop");
      return;
    }
    if (e.status === 401) {
      this.set("paused", t("登录已失效。请在另一个标签页登录后点“继续”", "signed out: sign in in another tab, then resume"), "resume", "drop");
      return;
    }
    forget(this.key);
    const words = refusal(e.problem);
    this.set("refused", words, "drop");
    say(this.name + t("未被接受：", " was refused: ") + words);
  }

  told({ offset, away, why, url }) {
    if (url !== undefined) {
      this.url = url;
      if (url) remember({ key: this.key, account, url, name: this.name, size: this.bytes, lastModified: this.modified, handle: this.handle });
      else forget(this.key);
    }
    if (away !== undefined) {
      this.rate.reset();
      const seconds = Math.ceil(away / 1000);
      this.set("away", (why || t("网络暂时中断", "the line is away")) + t(`。${seconds} 秒后再试`, `; next try in ${seconds} s`), "pause", "drop");
    }
    if (offset !== undefined && !this.stop.signal.aborted) {
      this.offset = offset;
      this.rate.add(offset);
      this.row.at(offset);
      this.sending();
    }
  }

  sending() {
    const rate = this.rate.value;
    const pace = rate > 0 ? ` · ${size(rate)}/s · ${left((this.bytes - this.offset) / rate)}` : "";
    this.set("sending", `${size(this.offset)} / ${size(this.bytes)}${pace}`, "pause", "drop");
  }

  pause() {
    if (this.phase === "hashing" || !MOVING.includes(this.phase)) return;
    if (this.stop) this.stop.abort();
    this.rate.reset();
    this.set("paused", t("已暂停：", "paused: ") + `${size(this.offset)} / ${size(this.bytes)}`, "resume", "drop");
    next();
  }

  async resume() {
    if (this.file) {
      if (this.phase === "paused") this.queue();
      return;
    }
    // A file of another day: the browser asks whether it may be read again.
    try {
      if ((await this.handle.requestPermission({ mode: "read" })) === "granted") {
        await add(await this.handle.getFile(), this.handle);
        return;
      }
    } catch {
      // Moved or gone since.
    }
    this.set("unfinished", t("无法再读取此文件，请重新选择它", "can't be read any more: choose it again"), "drop");
  }

  drop() {
    if (this.stop) this.stop.abort();
    if (this.phase !== "done") {
      new Upload({ url: this.url }).end();
      forget(this.key);
    }
    this.phase = "dropped";
    this.remove();
    next();
  }

  remove() {
    items.splice(items.indexOf(this), 1);
    this.row.node.remove();
    overall();
  }
}

function next() {
  for (const item of items) {
    if (items.filter((i) => i.phase === "sending" || i.phase === "away").length >= AT_ONCE) break;
    if (item.phase === "queued") item.send();
  }
}

// follow asks how far a medium is on its way until there is something to look at.
async function follow(item, id, prefix) {
  item.row.medium({ id, state: "sealed" }, prefix);
  for (let ms = FOLLOW.first; ; ms = Math.min(FOLLOW.most, ms * 1.5)) {
    try {
      const r = await fetch("/api/v1/media/" + id, { headers: { "Accept-Language": document.documentElement.lang } });
      if (r.ok) {
        const m = await r.json();
        item.row.medium(m, prefix);
        if (!["sealed", "examined"].includes(m.state)) return;
      } else if (r.status < 500 && r.status !== 429) {
        return;
      }
    } catch {
      // Away; the next round may find it.
    }
    await new Promise((wake) => setTimeout(wake, ms));
  }
}

async function add(file, handle) {
  const same = items.find((i) => i.is(file));
  if (same && same.phase !== "unfinished" && same.phase !== "refused") return;
  if (same) same.remove();
  await new Item(file.name, file.size, file.lastModified).take(file, handle);
}

const total = page.querySelector(".total");
function overall() {
  const moving = items.filter((i) => MOVING.includes(i.phase)), sendable = items.filter((i) => i.file && i.phase !== "refused");
  const paused = items.some((i) => i.phase === "paused");
  total.hidden = sendable.length < 2;
  const bytes = sendable.reduce((n, i) => n + i.bytes, 0), sent = sendable.reduce((n, i) => n + i.offset, 0);
  const rate = moving.reduce((n, i) => n + i.rate.value, 0);
  const bar = total.querySelector(".bar");
  bar.max = Math.max(1, bytes);
  bar.value = sent;
  const done = items.filter((i) => i.phase === "done").length;
  const pace = rate > 0 ? ` · ${size(rate)}/s · ${left((bytes - sent) / rate)}` : "";
  total.querySelector(".said").textContent = t(`已完成 ${done} / ${sendable.length} 件`, `${done} of ${sendable.length} done`) + ` · ${size(sent)} / ${size(bytes)}${pace}`;
  total.querySelector(".pause").disabled = !moving.some((i) => i.phase !== "hashing");
  total.querySelector(".resume").disabled = !paused;
}

total.querySelector(".pause").addEventListener("click", () => [...items].forEach((i) => i.pause()));
total.querySelector(".resume").addEventListener("click", () => items.filter((i) => i.phase === "paused" && i.file).forEach((i) => i.resume()));

// Choosing: with handles where the browser gives them, so that another day it needs one click only.
const input = page.querySelector("input[type=file]");
input.addEventListener("change", () => {
  [...input.files].forEach((f) => add(f));
  input.value = "";
});
input.addEventListener("click", async (e) => {
  if (!window.showOpenFilePicker) return;
  e.preventDefault();
  try {
    for (const handle of await window.showOpenFilePicker({ multiple: true })) add(await handle.getFile(), handle);
  } catch {
    // The person has closed the dialog.
  }
});

const drop = page.querySelector(".drop");
addEventListener("dragover", (e) => {
  e.preventDefault();
  drop.classList.add("over");
});
addEventListener("dragleave", (e) => {
  if (!e.relatedTarget) drop.classList.remove("over");
});
addEventListener("drop", (e) => {
  e.preventDefault();
  drop.classList.remove("over");
  for (const entry of [...e.dataTransfer.items].filter((i) => i.kind === "file")) {
    const file = entry.getAsFile();
    const handle = entry.getAsFileSystemHandle ? entry.getAsFileSystemHandle().catch(() => undefined) : Promise.resolve();
    handle.then((h) => add(file, h));
  }
});

// What another day has left: the server says how far it is, or doesn't know it any more.
async function unfinished(entry) {
  let r;
  try {
    r = await fetch(entry.url, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
  } catch {
    r = { status: 0 };
  }
  if (r.status === 404 || r.status === 410 || (r.ok && r.headers.get("Songshui-Media-Id"))) {
    forget(entry.key);
    return;
  }
  const offset = r.ok ? Number(r.headers.get("Upload-Offset")) : 0;
  const item = new Item(entry.name, entry.size, entry.lastModified);
  Object.assign(item, { key: entry.key, url: entry.url, handle: entry.handle, offset });
  item.row.at(offset);
  const done = t(`上次传到 ${size(offset)}。`, `${size(offset)} were sent. `);
  if (entry.handle) item.set("unfinished", done + t("可以继续", "It can go on."), "resume", "drop");
  else item.set("unfinished", done + t("请再选择这个文件，从断点继续", "Choose the file again to go on."), "drop");
}

page.querySelector(".pick").hidden = false;
remembered(account).then((entries) => entries.forEach(unfinished));
