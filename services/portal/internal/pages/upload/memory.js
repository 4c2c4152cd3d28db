// What is remembered of unfinished uploads, in the browser's database: an upload's address and what file it was, so that another day it can go on. Names and
// hashes stay on this machine; an entry goes when its upload is done, refused or given up.

const NAME = "songshui-uploads";
const STORE = "uploads";

function open() {
  return new Promise((resolve, reject) => {
    const r = indexedDB.open(NAME, 1);
    r.onupgradeneeded = () => r.result.createObjectStore(STORE, { keyPath: "key" });
    r.onsuccess = () => resolve(r.result);
    r.onerror = () => reject(r.error);
  });
}

async function within(mode, work) {
  const db = await open();
  try {
    return await new Promise((resolve, reject) => {
      const t = db.transaction(STORE, mode);
      const r = work(t.objectStore(STORE));
      t.oncomplete = () => resolve(r && r.result);
      t.onerror = t.onabort = () => reject(t.error);
    });
  } finally {
    db.close();
  }
}

// keyOf names a file's upload: the same file chosen again has the same key. Accounts don't share entries: machines in offices are shared.
export function keyOf(account, file, hash) {
  return [account, file.name, file.size, file.lastModified, hash].join("\n");
}

// Where the browser keeps nothing (private windows of some), uploads work, but don't outlive the tab.
const quietly = (p, otherwise) => p.catch(() => otherwise);

export const remember = (entry) => quietly(within("readwrite", (s) => s.put(entry)).catch(() => within("readwrite", (s) => s.put({ ...entry, handle: undefined }))));
export const forget = (key) => quietly(within("readwrite", (s) => s.delete(key)));
export const recall = (key) => quietly(within("readonly", (s) => s.get(key)));
export const remembered = async (account) => (await quietly(within("readonly", (s) => s.getAll()), [])).filter((e) => e.account === account);
