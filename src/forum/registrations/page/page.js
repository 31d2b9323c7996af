// One registration, for whoever came by its link.
// Opening the page changes nothing: what does change something is asked for once more.
import { ask, at, attempt, button, choose, element, list, say, send, start, state, sure, text } from "./shared.js";

let [edition, registration, places] = [null, null, []];
const base = () => `v1/editions/${state.opened.edition}`;
const own = () => `${base()}/registrations/${state.opened.registration_id}`;

function show() {
  if (!registration) return;
  const active = ["submitted", "approved", "waitlisted"].includes(registration.status);
  const until = registration.offer_expires_at;
  at("edition").textContent = text(edition.title);
  const day = (date) => new Date(`${date}T12:00:00Z`).toLocaleDateString(state.language, { dateStyle: "long", timeZone: "UTC" });
  const facts = [
    ["name", [registration.person.given_name, registration.person.family_name].filter(Boolean).join(" ")],
    ["status", say(registration.status)],
    ["mode", say(registration.mode)],
    ["dates", edition.starts_on && `${day(edition.starts_on)} – ${day(edition.ends_on)}`],
    ["position", registration.waitlist_position],
    ["until", until && `${new Date(until).toLocaleString(state.language, { dateStyle: "long", timeStyle: "short" })} (${say(registration.waits_for)})`],
  ];
  at("facts").replaceChildren(...list(facts));
  at("declined-places").hidden = !places.length;
  at("declined-places").replaceChildren(...places.map((place) => {
    const item = document.createElement("li");
    item.append(element("bdi", text(place.title)), ": ", say("declined_place"), " ", button("free_place", () => free(place)));
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
  at("registration").hidden = false;
}

// Apart from what is shown, so that nothing that is being typed is lost to another language or a refusal.
function fill() {
  const given = at("details").elements;
  given.given_name.value = registration.person.given_name ?? "";
  given.family_name.value = registration.person.family_name;
  given.accessibility_needs.value = registration.accessibility_needs ?? "";
}

async function read() {
  registration = await ask("GET", own());
  places = (await ask("GET", `${own()}/declined-places?limit=200`)).items;
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
  await attempt(async () => { registration = await ask("POST", `${own()}/${path}`, body); }, done);
}

function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

at("show-badge").addEventListener("click", () => attempt(async () => {
  const found = await ask("GET", `${base()}/badges?registration=${state.opened.registration_id}&limit=200`);
  const live = found.items.find((badge) => badge.status === "live");
  const picture = await (await send("GET", `${base()}/badges/${live.id}/qr.svg`)).blob();
  at("badge").src = URL.createObjectURL(picture);
  at("badge").alt = say("badge");
  at("badge").hidden = false;
  save(picture, "badge.svg");
}));
at("calendar").addEventListener("click", () => attempt(async () => save(await (await send("GET", `${own()}/calendar.ics`)).blob(), "calendar.ics")));
at("switch").addEventListener("click", () => {
  const mode = registration.mode === "online" ? "in_person" : "online";
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
    const version = { "If-Match": `"${registration.version}"` };
    registration = await ask("PATCH", own(), patch, version);
    fill();
  }, "saved");
});

start({
  texts: "r/texts.json",
  link: "registration-link",
  known: { no_place_free: "no_place_free" },
  show,
  read,
  async open() {
    edition = await ask("GET", base());
    await read();
    choose(registration.person.language);
    fill();
  },
});
