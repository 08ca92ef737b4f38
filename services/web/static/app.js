/* Comforts only: every page works without this file. */
"use strict";
document.documentElement.classList.add("scripts");

/* The name of the file chosen, beside the button that stands in for the browser's own. */
const nameChosen = (input) => {
  const said = input.closest(".upload").querySelector("output");
  said.textContent = [...input.files].map((file) => file.name).join(", ") || said.dataset.none;
};
document.addEventListener("change", (event) => { if (event.target.matches(".upload input")) nameChosen(event.target); });
window.addEventListener("pageshow", () => document.querySelectorAll(".upload input").forEach(nameChosen));

/* With scripts a file is sent alone, into its own place on the page; without, along with the form that it names. */
const sendAlone = () => {
  for (const element of document.querySelectorAll("[data-alone]")) {
    for (const name of ["form", "formaction", "formenctype", "data-alone"]) element.removeAttribute(name);
  }
};
sendAlone();
document.addEventListener("htmx:afterSwap", sendAlone);

/* One press, one sending: the command id would make a second one harmless, this says so. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  const button = event.submitter;
  if (!button || button.getAttribute("aria-disabled") === "true") {
    if (button) event.preventDefault();
    return;
  }
  button.setAttribute("aria-disabled", "true");
  window.setTimeout(() => button.removeAttribute("aria-disabled"), 8000);
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
});
document.addEventListener("htmx:afterRequest", (event) => {
  for (const button of event.target.querySelectorAll?.("button[aria-disabled]") ?? []) button.removeAttribute("aria-disabled");
});

/* The session has ended: what is being typed stays. What was to be recorded is sent once more by the browser itself,
   so that it is kept while somebody signs in; nothing else is asked for any more. */
let ended = false;
const isSent = (event) => event.detail.requestConfig?.triggeringEvent?.type === "submit";
const sendPlainly = (form, button) => {
  const add = (name, value) => form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  for (const input of form.querySelectorAll("input[type=file]")) {
    for (const file of input.files) add(input.name, file.name);
    input.disabled = true;
  }
  const beside = document.getElementById(form.dataset.beside);
  for (const [name, value] of beside ? new FormData(beside) : []) {
    if (!["csrf", "command"].includes(name) && typeof value === "string") add(name, value);
  }
  if (button?.name) add(button.name, button.value);
  HTMLFormElement.prototype.submit.call(form);
};
document.addEventListener("htmx:beforeRequest", (event) => { if (ended && !isSent(event)) event.preventDefault(); });
document.addEventListener("htmx:beforeOnLoad", (event) => {
  ended = event.detail.xhr.status === 401;
  if (!ended || !isSent(event)) return;
  event.preventDefault();
  sendPlainly(event.detail.elt, event.detail.requestConfig.triggeringEvent.submitter);
});

/* A refusal is gone to, as on a page of its own, and leads to the field that it concerns, which says that it is wrong.
   A body that was too large was not read: then it is the file. */
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.detail.elt;
  if (!isSent(event) || !document.contains(form)) return;
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    field.closest(".bad")?.classList.remove("bad");
  }
  const said = document.querySelector("#refusal .errsum");
  said?.focus();
  const way = said?.querySelector("[data-field]");
  const found = way && (form.elements[way.dataset.field] ?? (said.dataset.code === "file-too-large" && form.querySelector("[type=file]")));
  const field = found instanceof RadioNodeList ? found[0] : found;
  if (event.detail.successful || !field?.id) return;
  field.setAttribute("aria-invalid", "true");
  field.closest(".field, fieldset")?.classList.add("bad");
  way.querySelector("a").setAttribute("href", `#${field.id}`);
  way.hidden = false;
});

/* "/" leads to the search field, unless somebody is typing. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector("input[type=search]");
  if (field) { event.preventDefault(); field.focus(); }
});

/* The network is away: say that nothing is recorded yet, and keep what was typed. */
document.addEventListener("htmx:sendError", (event) => {
  const form = event.target.closest("form");
  if (!form) return;
  let box = form.querySelector(".unsent");
  if (!box) {
    box = document.createElement("p");
    box.className = "unsent";
    box.setAttribute("role", "status");
    form.append(box);
  }
  box.textContent = document.documentElement.lang === "en"
    ? "NOT recorded: no connection. Everything typed is still here; send again."
    : "CHƯA ghi nhận: mất kết nối. Nội dung còn nguyên, gửi lại khi có mạng.";
});

/* Ctrl+Enter saves. A letter does what carries it, unless somebody types or has turned letters off. */
const lettersOff = () => window.localStorage.getItem("letters") === "off";
document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey || event.metaKey || event.repeat) return;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  let found = null;
  if (event.ctrlKey && event.key === "Enter") {
    found = event.target.closest("form")?.querySelector("button.btn") ?? document.querySelector(".dock button.primary");
  } else if (!event.ctrlKey && !event.shiftKey && !typing && !lettersOff() && /^[a-z[\]]$/.test(event.key)) {
    found = document.querySelector(`[data-key="${event.key}"]`);
  }
  if (!found) return;
  event.preventDefault();
  found.click();
  found.closest("details[open]")?.querySelector("input:not([type=hidden]), textarea")?.focus();
});
for (const line of document.querySelectorAll(".keys")) {
  const button = line.querySelector("button");
  const say = () => { button.textContent = lettersOff() ? button.dataset.on : button.dataset.off; };
  line.hidden = false;
  say();
  button.addEventListener("click", () => { window.localStorage.setItem("letters", lettersOff() ? "on" : "off"); say(); });
}

/* How much of a file has arrived. */
document.addEventListener("htmx:xhr:progress", (event) => {
  const bar = event.target.closest("form")?.querySelector("progress");
  if (!bar || !event.detail.lengthComputable) return;
  bar.hidden = false;
  bar.value = (100 * event.detail.loaded) / event.detail.total;
});
document.addEventListener("htmx:afterRequest", (event) => {
  const bar = event.target.closest("form")?.querySelector("progress");
  if (bar) bar.hidden = true;
});
