// What a speaker is asked to, for whoever came by the link.
// Opening the page changes nothing: an answer is given by a button, and what is grave is asked for once more.
import { ask, at, attempt, button, choose, element, list, say, send, start, state, sure, text } from "./shared.js";

let invitation = null;
let biographies = {};
let written = null; // in which language the biography stands in its field
const own = () => `v1/editions/${state.opened.edition}/speakers/${state.opened.speaker_id}`;
const version = () => ({ "If-Match": `"${invitation.version}"` });

// Times are those of the edition's clocks, wherever the speaker is.
function when({ held_on: day, starts_at: from, ends_at: until }) {
  if (day) return new Date(`${day}T12:00:00Z`).toLocaleDateString(state.language, { dateStyle: "full", timeZone: "UTC" });
  if (!from) return null;
  const shown = new Intl.DateTimeFormat(state.language, { dateStyle: "full", timeStyle: "short", timeZone: invitation.timezone });
  const span = until ? shown.formatRange(new Date(from), new Date(until)) : shown.format(new Date(from));
  return `${span} (${invitation.timezone})`;
}

function minutes(seconds) {
  const whole = seconds % 60 === 0;
  const shown = { style: "unit", unit: whole ? "minute" : "second", unitDisplay: "long" };
  return new Intl.NumberFormat(state.language, shown).format(whole ? seconds / 60 : seconds);
}

function showSession(appearance) {
  const article = document.createElement("article");
  const place = appearance.mode === "online" ? say("online") : [appearance.room, appearance.venue].filter(Boolean).join(", ");
  const facts = [
    ["when", when(appearance)],
    ["where", place],
    ["role", say(appearance.role)],
    ["behalf", appearance.on_behalf_of],
    ["time", appearance.allotted_seconds && minutes(appearance.allotted_seconds)],
    ["status", say(appearance.is_session_cancelled ? "session_cancelled" : appearance.status)],
  ];
  const shown = document.createElement("dl");
  shown.append(...list(facts));
  const actions = element("div", "");
  actions.className = "actions";
  if (["invited", "declined"].includes(appearance.status)) actions.append(button("accept", () => answer(appearance, "accept")));
  if (["invited", "confirmed"].includes(appearance.status)) actions.append(button("decline", () => answer(appearance, "decline"), true));
  article.append(element("h2", text(appearance.title), true), shown, actions);
  return article;
}

function addSpan(from = "", until = "") {
  const item = at("span").content.cloneNode(true).firstElementChild;
  item.querySelector(".from").value = from;
  item.querySelector(".until").value = until;
  item.querySelector(".remove").addEventListener("click", () => item.remove());
  for (const each of item.querySelectorAll("[data-text]")) each.textContent = say(each.dataset.text);
  at("spans").append(item);
}

// Between an instant and what a clock in the edition's zone shows, which `datetime-local` takes.
function toClock(instant) {
  const shown = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: invitation.timezone });
  return shown.format(new Date(instant)).replace(" ", "T");
}

function toInstant(clock) {
  const wanted = Date.parse(`${clock}Z`);
  let instant = wanted;
  for (let turn = 0; turn < 2; turn += 1) instant += wanted - Date.parse(`${toClock(instant)}Z`);
  return new Date(instant).toISOString();
}

function show() {
  if (!invitation) return;
  at("edition").textContent = text(invitation.edition_title);
  at("name").textContent = [invitation.honorific, invitation.display_name].filter(Boolean).join(" ");
  at("sessions").replaceChildren(...invitation.appearances.map(showSession));
  at("published").textContent = say(invitation.published ? "is_published" : "is_not_published");
  at("agree").hidden = invitation.published;
  at("take-back").hidden = !invitation.published;
  at("photo-delete").hidden = !invitation.photo;
  at("zone").textContent = invitation.timezone;
  if (written) turnBiography();
  at("speaker").hidden = false;
}

// With another language another text; what was typed in the one before is kept, and saved with it.
function turnBiography() {
  const field = at("details").elements.biography;
  if (written) biographies[written] = field.value;
  written = state.language;
  field.value = biographies[written] ?? "";
}

function fill() {
  const given = at("details").elements;
  given.honorific.value = invitation.honorific ?? "";
  given.function.value = invitation.function ?? "";
  [biographies, written] = [{ ...invitation.biography }, null];
  turnBiography();
  at("spans").replaceChildren();
  for (const span of invitation.availabilities) addSpan(toClock(span.from), toClock(span.until));
}

async function showPhoto() {
  at("photo").hidden = !invitation.photo;
  if (!invitation.photo) return;
  URL.revokeObjectURL(at("photo").src);
  at("photo").src = URL.createObjectURL(await (await send("GET", `${own()}/photo?size=small`)).blob());
  at("photo").alt = say("photo");
}

async function read() {
  invitation = await ask("GET", `${own()}/invitation`);
}

async function answer(appearance, verb) {
  if (verb === "decline" && !(await sure("sure_decline", true))) return;
  const note = verb === "decline" ? at("note").value.trim() : "";
  await attempt(async () => {
    invitation = await ask("POST", `${own()}/appearances/${appearance.id}/${verb}`, note ? { note } : {});
  }, "saved");
}

async function consent(agreed) {
  if (!agreed && !(await sure("sure_take_back"))) return;
  await attempt(async () => {
    await send("POST", `${own()}/consent`, { agreed });
    await read();
  }, "saved");
}

at("agree").addEventListener("click", () => consent(true));
at("take-back").addEventListener("click", () => consent(false));
at("add-span").addEventListener("click", () => addSpan());
at("photo-file").addEventListener("change", () => attempt(async () => {
  const [file] = at("photo-file").files;
  at("photo-file").value = ""; // the same file can be chosen again after a refusal
  if (file) await send("PUT", `${own()}/photo`, file, version());
  await read();
  await showPhoto();
}, "saved"));
at("photo-delete").addEventListener("click", async () => {
  if (!(await sure("sure_photo"))) return;
  await attempt(async () => {
    await send("DELETE", `${own()}/photo`, undefined, version());
    await read();
    await showPhoto();
  }, "saved");
});
at("details").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = at("details").elements;
  turnBiography();
  const texts = Object.entries(biographies).map(([language, words]) => [language, words.trim() || null]);
  const spans = [...at("spans").children].map((item) => ({ from: toInstant(item.querySelector(".from").value), until: toInstant(item.querySelector(".until").value) }));
  const patch = {
    honorific: given.honorific.value.trim() || null,
    function: given.function.value.trim() || null,
    biography: texts.some(([, words]) => words) ? Object.fromEntries(texts) : null,
    availabilities: spans,
  };
  attempt(async () => {
    invitation = await ask("PATCH", `${own()}/profile`, patch, version());
    fill();
  }, "saved");
});

start({
  texts: "s/texts.json",
  link: "speaker-link",
  known: { speaker_double_booked: "elsewhere", unreadable_picture: "no_picture", 413: "too_large", 415: "no_picture", 422: "wrong" },
  show,
  read,
  async open() {
    await read();
    choose(invitation.language);
    fill();
    await showPhoto();
  },
});
