// Saves the draft while it is written, a moment after the last key; without this script its button does.
const form = document.getElementById("draft");
const state = document.getElementById("state");
const revision = form.elements.revision;
const quiet = 1500, again = 5000;
let timer = 0, flight = null, dirty = false, stopped = false;

const say = (text) => { state.textContent = text; };

// One save is on its way at a time: each goes over the revision that the one before has told.
function save() {
  clearTimeout(timer);
  if (!dirty || stopped || flight) return;
  dirty = false;
  flight = send().finally(() => {
    flight = null;
    if (dirty && !stopped) timer = setTimeout(save, again);
  });
}

async function send() {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  body.set("do", "auto");
  say(form.dataset.saving);
  try {
    // What fits is sent to its end even if the page is closed.
    const answer = await fetch(form.action, { method: "POST", body, keepalive: body.toString().length < 60000, redirect: "manual", headers: { Accept: "application/json" } });
    if (answer.ok) {
      const kept = await answer.json();
      revision.value = kept.revision;
      say(form.dataset.saved + kept.at);
    } else if (answer.status === 409) {
      stopped = true;
      say(form.dataset.overtaken);
    } else if (answer.status === 422 || answer.status === 413) {
      say(form.dataset.refused);
    } else {
      dirty = true;
      say(answer.type === "opaqueredirect" ? form.dataset.signedout : form.dataset.failed);
    }
  } catch {
    dirty = true;
    say(form.dataset.failed);
  }
}

const changed = () => {
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(save, quiet);
};
form.addEventListener("input", changed);
form.addEventListener("change", changed);
// The form's own saving takes over, once what is on its way has told its revision.
form.addEventListener("submit", (e) => {
  clearTimeout(timer);
  stopped = true;
  if (!flight) return;
  e.preventDefault();
  const button = e.submitter;
  flight.then(() => form.requestSubmit(button));
});
addEventListener("pageshow", () => { stopped = false; });
document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
addEventListener("beforeunload", (e) => { if (dirty && !stopped) e.preventDefault(); });

const here = document.getElementById("here");
if (here && navigator.geolocation) {
  const failed = document.getElementById("here-failed");
  here.hidden = false;
  here.addEventListener("click", () => {
    failed.textContent = "";
    navigator.geolocation.getCurrentPosition((p) => {
      form.elements["location.lat"].value = p.coords.latitude.toFixed(6);
      form.elements["location.lon"].value = p.coords.longitude.toFixed(6);
      changed();
    }, () => { failed.textContent = failed.dataset.words; }, { enableHighAccuracy: true, timeout: 15000 });
  });
}
document.getElementById("wrong")?.focus();
