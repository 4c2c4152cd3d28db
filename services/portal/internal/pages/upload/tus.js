// One upload by tus 1.0. It goes on where the server says it is, tries again with growing pauses while line or server are away, and stops at once when told.

const CHUNK = 8 * 1024 * 1024;
// The server judges a file's type by its beginning: a small first piece lets a refusal arrive before the line is full of bytes that nobody reads.
const FIRST = 64 * 1024;
const PAUSE = { first: 1000, most: 30000 };
// Judging a large picture takes the server a while, during which no byte moves.
const STALLED = 120000;

// Refused is what the server said no to: problem is its application/problem+json, or {title}.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.title);
    this.status = status;
    this.problem = problem;
  }
}

// Stopped is thrown when the person has paused or given up.
export class Stopped extends Error {}

// Away passes by itself: why is the server's word for it, empty where there was none.
class Away extends Error {
  constructor(after, why = "") {
    super("away");
    Object.assign(this, { after, why });
  }
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

// Requests go by XMLHttpRequest, since fetch doesn't tell how many bytes have left.
function ask(method, url, { headers = {}, body = null, signal, sent }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Stopped());
      return;
    }
    const x = new XMLHttpRequest();
    let watch = 0;
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => x.abort(), STALLED);
    };
    const stop = () => x.abort();
    const ended = (settle, value) => {
      clearTimeout(watch);
      signal.removeEventListener("abort", stop);
      settle(value);
    };
    x.open(method, url);
    for (const [name, value] of Object.entries({ "Tus-Resumable": "1.0.0", "Accept-Language": document.documentElement.lang, ...headers })) x.setRequestHeader(name, value);
    x.upload.onprogress = (e) => {
      alive();
      if (sent) sent(e.loaded);
    };
    x.onload = () => ended(resolve, x);
    x.onerror = () => ended(reject, new Away(0));
    x.onabort = () => ended(reject, signal.aborted ? new Stopped() : new Away(0));
    signal.addEventListener("abort", stop);
    alive();
    x.send(body);
  });
}

function problemOf(x) {
  try {
    const p = JSON.parse(x.responseText);
    if (p && p.title) return p;
  } catch {
    // An answer of something before the portal: its status has to do.
  }
  return { title: "HTTP " + x.status };
}

// settled gives the answer of a wanted status, and throws what else it is.
function settled(x, ...wanted) {
  if (wanted.includes(x.status)) return x;
  if (x.status === 429 || x.status >= 500) throw new Away(1000 * Number(x.getResponseHeader("Retry-After") || 0), problemOf(x).title);
  throw new Refused(x.status, problemOf(x));
}

// wait ends after ms, when the line is back, or with Stopped.
function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = (settle, value) => {
      clearTimeout(timer);
      removeEventListener("online", online);
      signal.removeEventListener("abort", stop);
      settle(value);
    };
    const online = () => end(resolve);
    const stop = () => end(reject, new Stopped());
    const timer = setTimeout(online, ms);
    addEventListener("online", online);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
  });
}

// Upload sends one file. told gets {offset} (bytes that the server has or that are on their way), {away: ms until the next try, why} and {url} once it has an address.
export class Upload {
  constructor({ file, hash, url, told }) {
    Object.assign(this, { file, hash, url, told, offset: 0, tries: 0, lost: 0 });
  }

  // run sends until all is there and gives {id, known}: the medium's id, and whether the office had these bytes already. It throws Refused or Stopped.
  async run(signal) {
    for (;;) {
      try {
        return await this.send(signal);
      } catch (e) {
        if (!(e instanceof Away)) throw e;
        const grown = Math.min(PAUSE.most, PAUSE.first * 2 ** this.tries++);
        const ms = Math.max(e.after, grown * (0.5 + Math.random() / 2));
        this.told({ away: ms, why: e.why });
        await wait(ms, signal);
      }
    }
  }

  async send(signal) {
    let id = this.url ? await this.find(signal) : "";
    if (id) return { id, known: false };
    if (!this.url) {
      id = await this.create(signal);
      if (id) return { id, known: true };
    }
    while (!id) id = await this.patch(signal);
    return { id, known: false };
  }

  // find asks how far the upload is; one that the server doesn't know any more begins anew.
  async find(signal) {
    const x = await ask("HEAD", this.url, { signal });
    if (x.status === 404 || x.status === 410) {
      // Twice in a row means that the server has taken the bytes and thrown them away: the answer that said why was lost.
      if (this.lost++ > 0) throw new Refused(x.status, problemOf(x));
      this.url = "";
      this.told({ url: "" });
      return "";
    }
    settled(x, 200, 204);
    this.at(x);
    return x.getResponseHeader("Songshui-Media-Id") || "";
  }

  async create(signal) {
    const headers = { "Upload-Length": String(this.file.size), "Upload-Metadata": "filename " + base64(this.file.name) + ",sha256 " + base64(this.hash) };
    const x = settled(await ask("POST", "/files", { headers, signal }), 201);
    this.at(x);
    const id = x.getResponseHeader("Songshui-Media-Id") || "";
    if (!id) {
      this.url = new URL(x.getResponseHeader("Location"), location.href).pathname;
      this.told({ url: this.url });
    }
    return id;
  }

  async patch(signal) {
    const from = this.offset;
    const body = this.file.slice(from, from + (from === 0 ? FIRST : CHUNK));
    const headers = { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(from) };
    const sent = (n) => this.told({ offset: from + Math.min(n, body.size) });
    const x = await ask("PATCH", this.url, { headers, body, signal, sent });
    if (x.status === 409 || x.status === 404 || x.status === 410) {
      // Another tab or a lost answer has moved the offset, or the upload has expired: ask.
      if (this.tries++ > 3) settled(x, 204);
      const id = await this.find(signal);
      if (!this.url) throw new Away(0);
      return id;
    }
    settled(x, 204);
    this.at(x);
    this.tries = this.lost = 0;
    return x.getResponseHeader("Songshui-Media-Id") || "";
  }

  at(x) {
    this.offset = Number(x.getResponseHeader("Upload-Offset") || 0);
    this.told({ offset: this.offset });
  }

  // end gives the upload up; what the server doesn't hear expires there.
  end() {
    if (this.url) fetch(this.url, { method: "DELETE", headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
  }
}
