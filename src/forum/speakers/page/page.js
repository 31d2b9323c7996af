// What a speaker is asked to, for whoever came by the link. The token stays in this tab; nothing is sent but to this API.
// Opening the page changes nothing: an answer is given by a button, and what is grave is asked for once more.
const LANGUAGES = { en: "English", fr: "Français", es: "Español", ru: "Русский", zh: "中文", ar: "العربية" };
const at = (id) => document.getElementById(id);
const state = { language: "en", texts: {}, opened: null, invitation: null };

function say(key) {
  return state.texts[state.language]?.[key] ?? state.texts.en?.[key] ?? key;
}

async function send(method, path, body, headers = {}) {
  const all = { ...headers };
  if (state.opened) all.Authorization = `Bearer ${state.opened.token}`;
  const isFile = body instanceof Blob;
  if (body !== undefined) all["Content-Type"] = isFile ? body.type : "application/json";
  const content = isFile ? body : body && JSON.stringify(body);
  const answer = await fetch(path, { method, headers: all, body: content, cache: "no-store" });
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status, problem: await answer.json().catch(() => ({})) });
  return answer;
}

const own = () => `v1/editions/${state.opened.edition}/speakers/${state.opened.speaker_id}`;
const version = () => ({ "If-Match": `"${state.invitation.version}"` });
const text = (texts) => texts[state.language] ?? texts.en ?? Object.values(texts)[0];

function tell(key) {
  at("message").textContent = key ? say(key) : "";
  if (key) at("message").scrollIntoView({ block: "center" });
}

function element(name, content, isForeign = false) {
  const made = document.createElement(name);
  if (isForeign) made.append(element("bdi", content));
  else made.textContent = content;
  return made;
}

// Times are those of the edition's clocks, wherever the speaker is.
function moment(instant) {
  const shown = { dateStyle: "full", timeStyle: "short", timeZone: state.invitation.timezone };
  return new Date(instant).toLocaleString(state.language, shown);
}

function when(appearance) {
  if (appearance.held_on) return new Date(`${appearance.held_on}T12:00:00Z`).toLocaleDateString(state.language, { dateStyle: "full", timeZone: "UTC" });
  if (!appearance.starts_at) return null;
  const until = appearance.ends_at ? ` – ${moment(appearance.ends_at)}` : "";
  return `${moment(appearance.starts_at)}${until} (${state.invitation.timezone})`;
}

function minutes(seconds) {
  const whole = seconds % 60 === 0;
  const shown = { style: "unit", unit: whole ? "minute" : "second", unitDisplay: "long" };
  return new Intl.NumberFormat(state.language, shown).format(whole ? seconds / 60 : seconds);
}

function button(key, work, isGrave = false) {
  const made = element("button", say(key));
  if (isGrave) made.className = "grave";
  made.addEventListener("click", work);
  return made;
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
  const list = document.createElement("dl");
  for (const [key, fact] of facts) if (fact) list.append(element("dt", say(key)), element("dd", fact, true));
  const actions = element("div", "");
  actions.className = "actions";
  if (["invited", "declined"].includes(appearance.status)) actions.append(button("accept", () => answer(appearance, "accept")));
  if (["invited", "confirmed"].includes(appearance.status)) actions.append(button("decline", () => answer(appearance, "decline"), true));
  article.append(element("h2", text(appearance.title), true), list, actions);
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
  const shown = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: state.invitation.timezone });
  return shown.format(new Date(instant)).replace(" ", "T");
}

function toInstant(clock) {
  const wanted = Date.parse(`${clock}Z`);
  let instant = wanted;
  for (let turn = 0; turn < 2; turn += 1) instant += wanted - Date.parse(`${toClock(instant)}Z`);
  return new Date(instant).toISOString();
}

function translate() {
  document.documentElement.lang = state.language;
  document.documentElement.dir = state.language === "ar" ? "rtl" : "ltr";
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = say(each.dataset.text);
  document.title = say("title");
}

function show() {
  translate();
  const { invitation } = state;
  if (!invitation) return;
  at("edition").textContent = text(invitation.edition_title);
  at("name").textContent = [invitation.honorific, invitation.display_name].filter(Boolean).join(" ");
  at("sessions").replaceChildren(...invitation.appearances.map(showSession));
  at("published").textContent = say(invitation.published ? "is_published" : "is_not_published");
  at("agree").hidden = invitation.published;
  at("take-back").hidden = !invitation.published;
  at("photo-delete").hidden = !invitation.photo;
  at("zone").textContent = invitation.timezone;
  at("speaker").hidden = false;
}

function fill() {
  const given = at("details").elements;
  given.honorific.value = state.invitation.honorific ?? "";
  given.function.value = state.invitation.function ?? "";
  given.biography.value = state.invitation.biography?.[state.language] ?? "";
  at("spans").replaceChildren();
  for (const span of state.invitation.availabilities) addSpan(toClock(span.from), toClock(span.until));
}

async function showPhoto() {
  at("photo").hidden = !state.invitation.photo;
  if (!state.invitation.photo) return;
  URL.revokeObjectURL(at("photo").src);
  at("photo").src = URL.createObjectURL(await (await send("GET", `${own()}/photo?size=small`)).blob());
  at("photo").alt = say("photo");
}

async function read() {
  state.invitation = await (await send("GET", `${own()}/invitation`)).json();
}

async function attempt(work, done) {
  tell("");
  try {
    await work();
    tell(done);
  } catch (error) {
    const isTwice = error.problem?.code === "speaker_double_booked";
    const known = { 401: "wrong_link", 409: isTwice ? "elsewhere" : "refused", 412: "stale", 413: "too_large", 415: "no_picture", 422: "wrong" };
    tell(known[error.status] ?? "failed");
  }
  show();
}

function sure(key, wantsWords) {
  at("question").textContent = say(key);
  at("words").hidden = !wantsWords;
  at("note").value = "";
  at("confirm").returnValue = "no";
  at("confirm").showModal();
  return new Promise((resolve) => at("confirm").addEventListener("close", () => resolve(at("confirm").returnValue === "yes"), { once: true }));
}

async function answer(appearance, verb) {
  if (verb === "decline" && !(await sure("sure_decline", true))) return;
  const note = verb === "decline" ? at("note").value.trim() : "";
  await attempt(async () => {
    state.invitation = await (await send("POST", `${own()}/appearances/${appearance.id}/${verb}`, note ? { note } : {})).json();
  }, "saved");
}

async function consent(agreed) {
  if (!agreed && !(await sure("sure_take_back", false))) return;
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
  if (file) await send("PUT", `${own()}/photo`, file, version());
  at("photo-file").value = "";
  await read();
  await showPhoto();
}, "saved"));
at("photo-delete").addEventListener("click", async () => {
  if (!(await sure("sure_photo", false))) return;
  await attempt(async () => {
    await send("DELETE", `${own()}/photo`, undefined, version());
    await read();
    await showPhoto();
  }, "saved");
});
at("details").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = at("details").elements;
  const biography = given.biography.value.trim() || null;
  const had = state.invitation.biography ?? {};
  const isEmpty = !biography && Object.keys(had).every((language) => language === state.language);
  const spans = [...at("spans").children].map((item) => ({ from: toInstant(item.querySelector(".from").value), until: toInstant(item.querySelector(".until").value) }));
  const patch = {
    honorific: given.honorific.value.trim() || null,
    function: given.function.value.trim() || null,
    biography: isEmpty ? null : { [state.language]: biography },
    availabilities: spans,
  };
  attempt(async () => {
    state.invitation = await (await send("PATCH", `${own()}/profile`, patch, version())).json();
    fill();
  }, "saved");
});
at("language").addEventListener("change", () => {
  state.language = at("language").value;
  tell("");
  show();
  if (state.invitation) at("details").elements.biography.value = state.invitation.biography?.[state.language] ?? "";
});

function choose(wanted) {
  const known = wanted?.toLowerCase().split("-")[0];
  if (!(known in LANGUAGES)) return;
  state.language = known;
  at("language").value = known;
}

async function start() {
  at("language").append(...Object.entries(LANGUAGES).map(([tag, name]) => Object.assign(new Option(name, tag), { lang: tag })));
  navigator.languages.slice(0, 1).forEach(choose);
  state.texts = await (await fetch("s/texts.json")).json();
  const link = location.hash.slice(1) || sessionStorage.getItem("speaker-link");
  history.replaceState(null, "", location.pathname);
  await attempt(async () => {
    state.opened = await (await send("POST", "v1/auth/speaker-link", { token: link || "none" })).json();
    sessionStorage.setItem("speaker-link", link);
    await read();
    choose(state.invitation.language);
    fill();
    await showPhoto();
  });
  document.querySelector("main").setAttribute("aria-busy", "false");
}

start();
