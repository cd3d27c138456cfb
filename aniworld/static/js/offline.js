// What the user did while the server could not be reached is kept in this tab, and sent in order once it is back.

import * as toasts from "./toasts.js";

const texts = document.getElementById("texts")?.dataset || {};
const NAME = "kept";
let isSending = false;

const kept = () => JSON.parse(sessionStorage.getItem(NAME) || "[]");
const put = (list) => sessionStorage.setItem(NAME, JSON.stringify(list));

// Answers whether the request is one that can wait: a change, not something to look at.
export function keep(detail) {
  const config = detail.requestConfig;
  if (!config || config.verb !== "post") return false;
  const values = [...config.formData.entries()].filter(([, value]) => typeof value === "string");
  put([...kept(), { path: config.path, values }]);
  toasts.toast(texts.kept.replace("{n}", kept().length), "warning", "", "trouble");
  return true;
}

async function sendOne({ path, values }) {
  const data = new FormData();
  for (const [name, value] of values) data.append(name, value);
  const answer = await fetch(path, { method: "POST", body: data, headers: { "HX-Request": "true" }, credentials: "same-origin" });
  // A proxy whose server still starts: that is no answer yet.
  if ([502, 503, 504].includes(answer.status)) throw new Error(answer.statusText);
  if (!answer.ok) toasts.toast(texts.failed, "error", "", "trouble");
  const events = answer.headers.get("HX-Trigger");
  for (const [name, detail] of Object.entries(events ? JSON.parse(events) : {})) {
    document.body.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

// Called when the socket is back. What still can't be sent stays for the next time.
export async function send() {
  if (isSending) return;
  isSending = true;
  try {
    for (let list = kept(); list.length; list = kept()) {
      await sendOne(list[0]);
      put(kept().slice(1));
    }
  } catch {
    // The line broke again.
  } finally {
    isSending = false;
  }
}
