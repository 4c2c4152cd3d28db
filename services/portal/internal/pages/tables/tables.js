// The page of tables: one file at a time is sent, and what became of it is shown.
const page = document.getElementById("tables");
const part = (selector) => page.querySelector(selector);
const pick = part(".pick"), drop = part(".drop"), input = part("input"), busy = part(".busy"), failed = part(".failed"), result = part(".result");
const spoken = part("[role=status]"), template = part("template");
const english = document.documentElement.lang === "en";
const t = (zh, en) => (english ? en : zh);

// What is listed at most; the marked copy has all that the answer has.
const LISTED = 200;

// file is what was chosen last: {name, bytes}. The bytes are kept, since the marked copy is made of the same ones.
let file = null;
let loading = false;

const headers = { "Content-Type": "application/octet-stream", "Accept-Language": document.documentElement.lang };

// ask sends the bytes and gives the answer; it throws the words of a refusal.
async function ask(path) {
  let r;
  try {
    r = await fetch(path, { method: "POST", headers, body: file.bytes });
  } catch {
    throw t("网络中断，未收到结果。再试一次即可，已上报的不会重复。", "The line broke before the answer. Try again: nothing is doubled.");
  }
  if (r.ok) return r;
  throw refusal(r.status, await r.json().catch(() => null));
}

function refusal(status, problem) {
  if (status === 401) return t("登录已失效。请在另一个标签页登录后再试。", "Signed out: sign in in another tab, then try again.");
  if (!problem || !problem.title) return "HTTP " + status;
  const reasons = (problem.errors || []).map((e) => e.message);
  if (reasons.length > 0) return reasons.join(t("；", "; "));
  return problem.detail ? problem.title + t("：", ": ") + problem.detail : problem.title;
}

function show(section) {
  for (const s of [busy, failed, result]) s.hidden = s !== section;
  if (section !== busy) section.focus();
}

async function load() {
  if (loading) return;
  loading = true;
  input.disabled = true;
  busy.querySelector(".file").textContent = file.name;
  busy.querySelector(".said").textContent = t("正在读取、核对和上报，一千件约需数秒…", "Reading, checking and submitting: some seconds for a thousand cases…");
  show(busy);
  try {
    answered(await (await ask("/api/v1/imports")).json());
  } catch (words) {
    fail(words);
  }
  loading = input.disabled = false;
}

function fail(words) {
  failed.querySelector(".file").textContent = file.name;
  failed.querySelector(".said").textContent = String(words);
  spoken.textContent = t("未能导入：", "Not loaded: ") + words;
  show(failed);
}

function answered(got) {
  const unlisted = got.unlisted || 0, wrong = got.errors.length + unlisted;
  const outcome = wrong === 0 ? t("全部通过", "All passed") : t(`有 ${wrong} 处需要修改`, `${wrong} to mend`);
  part("#outcome").textContent = file.name + t("：", ": ") + outcome;
  spoken.textContent = outcome;
  for (const name of ["accepted", "exists", "refused"]) {
    const box = result.querySelector("." + name);
    box.querySelector("dd").textContent = got[name];
    box.classList.toggle("some", got[name] > 0);
  }
  result.querySelector(".marked").hidden = got.errors.length === 0;
  result.querySelector(".marked .said").textContent = "";
  list(result.querySelector(".wrong"), got.errors, unlisted);
  list(result.querySelector(".warned"), got.warnings, 0);
  result.querySelector(".warned summary").textContent = t(`提示 ${got.warnings.length} 处（不影响上报）`, `${got.warnings.length} warnings, which hinder nothing`);
  show(result);
}

function list(section, cells, unlisted) {
  section.hidden = cells.length === 0;
  section.querySelector(".cells").replaceChildren(...cells.slice(0, LISTED).map(line));
  const more = section.querySelector(".more");
  if (!more) return;
  const marked = Math.max(0, cells.length - LISTED), said = [];
  if (marked > 0) said.push(t(`其余 ${marked} 处见已标记的文件。`, `The other ${marked} are in the marked copy.`));
  if (unlisted > 0) said.push(t(`另有 ${unlisted} 处未列出：先改好这些，再导入一次。`, `${unlisted} more aren't listed: mend these, then load the file again.`));
  more.hidden = said.length === 0;
  more.textContent = said.join(" ");
}

function line(w) {
  const li = template.content.firstElementChild.cloneNode(true);
  const put = (name, words) => (li.querySelector("." + name).textContent = words);
  put("cell", (w.sheet || "") + " " + (w.column ? w.column + w.row : t(`第 ${w.row} 行`, `row ${w.row}`)));
  put("title", w.title || "");
  put("ref", w.ref || "");
  put("why", w.message);
  return li;
}

async function take(chosen) {
  if (!chosen || loading) return;
  file = { name: chosen.name, bytes: null };
  if (chosen.size > Number(page.dataset.max) * 2 ** 20) {
    fail(t(`文件超过 ${page.dataset.max} MB`, `larger than ${page.dataset.max} MB`));
    return;
  }
  try {
    file.bytes = await chosen.arrayBuffer();
  } catch {
    fail(t("无法读取此文件（可能是文件夹，或已被移动）", "can't be read: a folder, or moved meanwhile"));
    return;
  }
  await load();
}

input.addEventListener("change", () => {
  take(input.files[0]);
  input.value = "";
});
failed.querySelector(".again").addEventListener("click", () => (file.bytes ? load() : input.click()));

result.querySelector(".marked button").addEventListener("click", async (e) => {
  const said = result.querySelector(".marked .said");
  e.target.disabled = true;
  said.textContent = t("正在标记…", "marking…");
  try {
    const url = URL.createObjectURL(await (await ask("/api/v1/imports/marked")).blob());
    const a = document.createElement("a");
    a.href = url;
    a.download = file.name.replace(/\.[^.]*$/, "") + t("（已标记）.xlsx", " (marked).xlsx");
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    said.textContent = t("已下载", "downloaded");
  } catch (words) {
    said.textContent = String(words);
  }
  e.target.disabled = false;
});

for (const name of ["dragenter", "dragover"]) {
  addEventListener(name, (e) => {
    e.preventDefault();
    drop.classList.add("over");
  });
}
addEventListener("dragleave", (e) => {
  if (!e.relatedTarget) drop.classList.remove("over");
});
addEventListener("drop", (e) => {
  e.preventDefault();
  drop.classList.remove("over");
  take(e.dataTransfer.files[0]);
});

pick.hidden = false;
