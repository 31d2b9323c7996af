// One registration, for whoever came by its link. The token stays in this tab; nothing is sent anywhere but to this API.
// Opening the page changes nothing: what does change something is asked for once more.
const LANGUAGES = { en: "English", fr: "Français", es: "Español", ru: "Русский", zh: "中文", ar: "العربية" };
const at = (id) => document.getElementById(id);
const state = { language: "en", texts: {}, opened: null, edition: null, registration: null, places: [] };

function say(key) {
  return state.texts[state.language]?.[key] ?? state.texts.en?.[key] ?? key;
}

async function send(method, path, body, headers = {}) {
  const all = { ...headers };
  if (state.opened) all.Authorization = `Bearer ${state.opened.token}`;
  if (body !== undefined) all["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers: all, body: body && JSON.stringify(body), cache: "no-store" });
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status, problem: await answer.json().catch(() => ({})) });
  return answer;
}

const base = () => `v1/editions/${state.opened.edition}`;
const own = () => `${base()}/registrations/${state.opened.registration_id}`;

function tell(key) {
  at("message").textContent = key ? say(key) : "";
  if (key) at("message").scrollIntoView({ block: "center" });
}

function show() {
  document.documentElement.lang = state.language;
  document.documentElement.dir = state.language === "ar" ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  document.title = say("title");
  if (!state.registration) return;
  const { registration, edition } = state;
  const active = ["submitted", "approved", "waitlisted"].includes(registration.status);
  const until = registration.offer_expires_at;
  const title = edition.title[state.language] ?? edition.title.en ?? Object.values(edition.title)[0];
  at("edition").textContent = title;
  const day = (text) => new Date(`${text}T12:00:00Z`).toLocaleDateString(state.language, { dateStyle: "long", timeZone: "UTC" });
  const facts = [
    ["name", [registration.person.given_name, registration.person.family_name].filter(Boolean).join(" ")],
    ["status", say(registration.status)],
    ["mode", say(registration.mode)],
    ["dates", edition.starts_on && `${day(edition.starts_on)} – ${day(edition.ends_on)}`],
    ["position", registration.waitlist_position],
    ["until", until && `${new Date(until).toLocaleString(state.language, { dateStyle: "long", timeStyle: "short" })} (${say(registration.waits_for)})`],
  ];
  at("facts").replaceChildren(...facts.filter(([, fact]) => fact).flatMap(([key, fact]) => {
    const [term, text] = [document.createElement("dt"), document.createElement("dd")];
    const isolated = document.createElement("bdi");
    term.textContent = say(key);
    isolated.textContent = fact;
    text.append(isolated);
    return [term, text];
  }));
  at("declined-places").hidden = !state.places.length;
  at("declined-places").replaceChildren(...state.places.map((place) => {
    const [item, button, session] = ["li", "button", "bdi"].map((name) => document.createElement(name));
    session.textContent = place.title[state.language] ?? place.title.en ?? Object.values(place.title)[0];
    button.textContent = say("free_place");
    button.addEventListener("click", () => free(place));
    item.append(session, ": ", say("declined_place"), " ", button);
    return item;
  }));
  const other = registration.mode === "online" ? "in_person" : "online";
  at("switch").textContent = say(`switch_to_${other}`);
  at("switch").hidden = !active || edition.mode !== "hybrid";
  at("show-badge").hidden = registration.status !== "approved" || registration.mode !== "in_person";
  at("calendar").hidden = registration.status !== "approved";
  at("badge").hidden ||= at("show-badge").hidden;
  at("accept").hidden = at("decline").hidden = !until;
  at("withdraw").hidden = at("details").hidden = !active;
  at("object").hidden = at("by-others").hidden = registration.source === "self" || !active;
  at("details").elements.given_name.value = registration.person.given_name ?? "";
  at("details").elements.family_name.value = registration.person.family_name;
  at("details").elements.accessibility_needs.value = registration.accessibility_needs ?? "";
  at("registration").hidden = false;
}

function sure(key) {
  at("question").textContent = say(key);
  at("confirm").returnValue = "no";
  at("confirm").showModal();
  return new Promise((resolve) => at("confirm").addEventListener("close", () => resolve(at("confirm").returnValue === "yes"), { once: true }));
}

async function attempt(work, done) {
  tell("");
  try {
    await work();
    tell(done);
  } catch (error) {
    const known = { 401: "wrong_link", 412: "stale", 409: error.problem?.code === "no_place_free" ? "no_place_free" : "refused" };
    tell(known[error.status] ?? "failed");
    if (error.status === 409 && state.registration) await read().catch(() => {}); // an offer may have expired meanwhile
  }
  show();
}

async function read() {
  state.registration = await (await send("GET", own())).json();
  state.places = (await (await send("GET", `${own()}/declined-places?limit=200`)).json()).items;
}

async function free(place) {
  if (!(await sure("sure_free_place"))) return;
  await attempt(async () => {
    await send("POST", `${own()}/declined-places/${place.session}/free`);
    await read();
  }, "saved");
}

async function act(path, body, question, done) {
  if (question && !(await sure(question))) return;
  await attempt(async () => { state.registration = await (await send("POST", `${own()}/${path}`, body)).json(); }, done);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

at("show-badge").addEventListener("click", () => attempt(async () => {
  const found = await (await send("GET", `${base()}/badges?registration=${state.opened.registration_id}&limit=200`)).json();
  const live = found.items.find((badge) => badge.status === "live");
  const picture = await (await send("GET", `${base()}/badges/${live.id}/qr.svg`)).blob();
  at("badge").src = URL.createObjectURL(picture);
  at("badge").alt = say("badge");
  at("badge").hidden = false;
  save(picture, "badge.svg");
}));
at("calendar").addEventListener("click", () => attempt(async () => save(await (await send("GET", `${own()}/calendar.ics`)).blob(), "calendar.ics")));
at("switch").addEventListener("click", () => {
  const mode = state.registration.mode === "online" ? "in_person" : "online";
  return act("switch-mode", { mode }, `sure_${mode}`, "saved");
});
at("accept").addEventListener("click", () => act("accept-offer", undefined, null, "saved"));
at("decline").addEventListener("click", () => act("decline-offer", undefined, "sure_decline", "saved"));
at("withdraw").addEventListener("click", () => act("withdraw", {}, "sure_withdraw", "saved"));
at("object").addEventListener("click", () => act("object", {}, "sure_object", "saved"));
at("details").addEventListener("submit", (event) => {
  event.preventDefault();
  const given = at("details").elements;
  const patch = {
    person: { given_name: given.given_name.value.trim() || null, family_name: given.family_name.value.trim() },
    accessibility_needs: given.accessibility_needs.value.trim() || null,
  };
  attempt(async () => {
    const version = { "If-Match": `"${state.registration.version}"` };
    state.registration = await (await send("PATCH", own(), patch, version)).json();
  }, "saved");
});
at("language").addEventListener("change", () => {
  state.language = at("language").value;
  tell("");
  show();
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
  state.texts = await (await fetch("r/texts.json")).json();
  const link = location.hash.slice(1) || sessionStorage.getItem("link");
  history.replaceState(null, "", location.pathname);
  await attempt(async () => {
    state.opened = await (await send("POST", "v1/auth/registration-link", { token: link || "none" })).json();
    sessionStorage.setItem("link", link);
    state.edition = await (await send("GET", base())).json();
    await read();
    choose(state.registration.person.language);
  });
  document.querySelector("main").setAttribute("aria-busy", "false");
}

start();
