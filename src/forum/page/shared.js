// What the pages that mailed links open have in common. The token stays in this tab; nothing is sent but to this API.
const LANGUAGES = { en: "English", fr: "Français", es: "Español", ru: "Русский", zh: "中文", ar: "العربية" };
export const at = (id) => document.getElementById(id);
export const state = { language: "en", texts: {}, opened: null };
const page = { show() {}, read() {}, known: {} };

export function say(key) {
  return state.texts[state.language]?.[key] ?? state.texts.en?.[key] ?? key;
}

export const text = (texts) => texts[state.language] ?? texts.en ?? Object.values(texts)[0];

export async function send(method, path, body, headers = {}) {
  const all = { ...headers };
  if (state.opened) all.Authorization = `Bearer ${state.opened.token}`;
  const isFile = body instanceof Blob;
  if (body !== undefined) all["Content-Type"] = isFile ? body.type : "application/json";
  const content = isFile ? body : body && JSON.stringify(body);
  const answer = await fetch(path, { method, headers: all, body: content, cache: "no-store" });
  if (!answer.ok) throw Object.assign(new Error("refused"), { status: answer.status, problem: await answer.json().catch(() => ({})) });
  return answer;
}

export const ask = async (...request) => (await send(...request)).json();

export function tell(key) {
  at("message").textContent = key ? say(key) : "";
  if (key) at("message").scrollIntoView({ block: "center" });
}

// Names and titles are in scripts of their own, whatever the direction of the page.
export function element(name, content, isForeign = false) {
  const made = document.createElement(name);
  if (isForeign) made.append(element("bdi", content));
  else made.textContent = content;
  return made;
}

export function list(facts) {
  return facts.filter(([, fact]) => fact).flatMap(([key, fact]) => [element("dt", say(key)), element("dd", fact, true)]);
}

export function button(key, work, isGrave = false) {
  const made = element("button", say(key));
  if (isGrave) made.className = "grave";
  made.addEventListener("click", work);
  return made;
}

// A form may have words to go along; they are empty each time that it is asked.
export function sure(key, wantsWords = false) {
  at("question").textContent = say(key);
  if (at("words")) at("words").hidden = !wantsWords;
  if (at("note")) at("note").value = "";
  at("confirm").returnValue = "no";
  at("confirm").showModal();
  return new Promise((resolve) => at("confirm").addEventListener("close", () => resolve(at("confirm").returnValue === "yes"), { once: true }));
}

export async function attempt(work, done) {
  tell("");
  try {
    await work();
    tell(done);
  } catch (error) {
    const { status, problem } = error;
    const codes = [problem?.errors?.[0]?.code, problem?.code, status];
    tell(codes.map((code) => page.known[code]).find(Boolean) ?? "failed");
    if (status === 409) await page.read().catch(() => {}); // it is not as this page shows it
  }
  show();
}

export function show() {
  document.documentElement.lang = state.language;
  document.documentElement.dir = state.language === "ar" ? "rtl" : "ltr";
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = say(each.dataset.text);
  document.title = say("title");
  page.show();
}

export function choose(wanted) {
  const known = wanted?.toLowerCase().split("-")[0];
  if (!(known in LANGUAGES)) return;
  state.language = known;
  at("language").value = known;
}

// `link` is what the token is exchanged for and where it is kept; `known` names the words for a fault, a code or a status.
export async function start({ texts, link, open, known, ...how }) {
  Object.assign(page, how, { known: { 401: "wrong_link", 409: "refused", 412: "stale", ...known } });
  at("language").append(...Object.entries(LANGUAGES).map(([tag, name]) => Object.assign(new Option(name, tag), { lang: tag })));
  at("language").addEventListener("change", () => {
    state.language = at("language").value;
    tell("");
    show();
  });
  navigator.languages.slice(0, 1).forEach(choose);
  state.texts = await ask("GET", texts);
  const token = location.hash.slice(1) || sessionStorage.getItem(link);
  history.replaceState(null, "", location.pathname);
  await attempt(async () => {
    state.opened = await ask("POST", `v1/auth/${link}`, { token: token || "none" });
    sessionStorage.setItem(link, token);
    await open();
  });
  document.querySelector("main").setAttribute("aria-busy", "false");
}
