// <henvend-chat lang="da"></henvend-chat>: the municipality's chat as a web component.
// No dependencies, no cookies, no tracking; works under `script-src 'self'; style-src 'self'`.
// Theme: --henvend-brand, --henvend-on-brand, --henvend-ink, --henvend-paper, --henvend-soft, --henvend-line, --henvend-font.

const HOME = new URL("..", import.meta.url).href;
const SHELF = "henvend-chat";
const GONE = new Set([404, 410]);
const OPEN = { da: "Åbn chat", sv: "Öppna chatt", en: "Open chat" };
const AWAY = {
  da: "Chatten svarer ikke lige nu. Vi prøver igen.",
  sv: "Chatten svarar inte just nu. Vi försöker igen.",
  en: "The chat does not answer right now. We keep trying.",
};

const CSS = `
:host { all: initial; --brand: var(--henvend-brand, #00417a); --on-brand: var(--henvend-on-brand, #fff);
  --ink: var(--henvend-ink, #1a1a1a); --paper: var(--henvend-paper, #fff); --soft: var(--henvend-soft, #eef2f6);
  --line: var(--henvend-line, #5c6872); --link: var(--henvend-link, #004d99); --warn: #a80018; color-scheme: light dark;
  font: 1rem/1.5 var(--henvend-font, system-ui, "Segoe UI", Roboto, sans-serif); color: var(--ink); }
@media (prefers-color-scheme: dark) { :host { --brand: var(--henvend-brand, #0b3f6b); --ink: var(--henvend-ink, #f2f2f2);
  --paper: var(--henvend-paper, #15191d); --soft: var(--henvend-soft, #242d35); --line: var(--henvend-line, #9aa7b2);
  --link: var(--henvend-link, #8cc8ff); --warn: #ff8a94; } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
button, input, textarea { font: inherit; color: inherit; }
button { cursor: pointer; min-height: 2.75rem; padding: .4rem .9rem; border: 2px solid var(--line); border-radius: .4rem;
  background: var(--paper); color: var(--ink); text-align: start; }
button:disabled { opacity: .6; cursor: default; }
:focus { outline: none; }
:focus-visible { outline: 3px solid #c25e00; outline-offset: 2px; box-shadow: 0 0 0 2px var(--paper); }
.launch { position: fixed; inset-block-end: 1rem; inset-inline-end: 1rem; z-index: 2147483000; background: var(--brand); color: var(--on-brand);
  border: 2px solid var(--on-brand); border-radius: 2rem; padding: .7rem 1.3rem; font-weight: 600; box-shadow: 0 2px 10px #0006; max-width: calc(100vw - 2rem); }
.panel { position: fixed; inset-block-end: 1rem; inset-inline-end: 1rem; z-index: 2147483000; inline-size: 26rem; max-inline-size: calc(100vw - 2rem);
  block-size: 44rem; max-block-size: calc(100dvh - 2rem); display: flex; flex-direction: column; background: var(--paper); color: var(--ink);
  border: 2px solid var(--brand); border-radius: .7rem; overflow: hidden; box-shadow: 0 4px 24px #0006; overflow-wrap: anywhere; }
header { background: var(--brand); color: var(--on-brand); padding: .5rem .75rem; display: grid; grid-template-columns: 1fr auto auto; gap: .25rem .75rem; align-items: center; }
h2 { font-size: 1.1rem; margin: 0; line-height: 1.3; }
header a, header button { color: inherit; background: none; border: 0; padding: .35rem; min-height: 2rem; display: inline-flex; align-items: center; }
header button { border: 2px solid; min-inline-size: 2.75rem; justify-content: center; }
.scroll { flex: 1 1 auto; overflow-y: auto; padding: .75rem; min-block-size: 6rem; }
.bar { padding: .4rem .75rem; background: #ffe9a8; color: #1a1a1a; }
article { background: var(--soft); border-radius: .5rem; padding: .5rem .75rem; margin-block: 0 .75rem; margin-inline: 0 1.5rem; }
article.citizen { background: none; border: 2px solid var(--line); margin-inline: 1.5rem 0; }
article.notice { margin-inline: 0; border: 2px dashed var(--line); background: none; }
article.staff { border-inline-start: .4rem solid var(--brand); }
article.crisis { border: 3px solid var(--warn); }
article.pending { opacity: .75; }
h3 { font-size: .85rem; margin: 0 0 .15rem; font-weight: 600; }
h4 { font-size: 1.05rem; margin: .1rem 0 .4rem; line-height: 1.3; }
p { margin: 0 0 .6rem; } ul, ol { margin: 0 0 .6rem; padding-inline-start: 1.4rem; }
.words { white-space: pre-wrap; } .keep { white-space: nowrap; }
a { color: var(--link); }
button.topic { border: 0; background: none; color: var(--link); text-decoration: underline; padding: 0 .1rem; min-height: 1.5rem; }
.meta { font-size: .875rem; margin: .4rem 0 0; }
.row { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin-block-start: .4rem; }
.row button { min-height: 2.25rem; padding: .2rem .8rem; }
form, .person { border-block-start: 2px solid var(--line); padding: .6rem .75rem; display: grid; gap: .4rem; flex: 0 0 auto; }
.person { max-block-size: 70%; overflow-y: auto; }
label { font-weight: 600; display: block; }
textarea, input { inline-size: 100%; padding: .5rem; border: 2px solid var(--line); border-radius: .4rem; background: var(--paper); color: var(--ink); resize: vertical; }
.strong { background: var(--brand); color: var(--on-brand); border-color: var(--brand); font-weight: 600; }
.problem { color: var(--warn); font-weight: 600; margin: 0; }
.small { font-size: .85rem; margin: 0; }
.hear { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
summary { cursor: pointer; padding: .3rem 0; font-size: .9rem; min-height: 1.5rem; }
@media (max-width: 30rem), (max-height: 34rem) { .panel { inset: 0; inline-size: auto; block-size: auto; max-inline-size: none; max-block-size: none;
  border: 0; border-radius: 0; overflow-y: auto; } .scroll { flex: 1 0 auto; overflow: visible; } article { margin-inline: 0; } article.citizen { margin-inline: .75rem 0; }
  header { grid-template-columns: 1fr auto; gap: 0 .75rem; } header a { grid-area: 2 / 1; padding-inline: 0; justify-self: start; } header button { grid-area: 1 / 2 / span 2; } }
@media (max-width: 30rem) and (min-height: 30rem) { header { position: sticky; inset-block-start: 0; } .panel { scroll-padding-block-start: 6.5rem; } }
@media (prefers-reduced-motion: no-preference) { .thinking::after { content: "…"; animation: blink 1s steps(2) infinite; } @keyframes blink { 50% { opacity: 0; } } }
@media (forced-colors: active) { article, button, .panel { border: 2px solid; } }
`;

const make = (tag, options = {}, ...children) => {
  const { class: name, on = {}, ...rest } = options;
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(rest)) {
    if (value === true) node.setAttribute(key, "");
    else if (value !== false && value != null) node.setAttribute(key, value);
  }
  for (const [event, handler] of Object.entries(on)) node.addEventListener(event, handler);
  node.append(...children.filter((child) => child != null));
  return node;
};
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const newId = () =>
  crypto.randomUUID?.() ??
  "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (c) =>
    (+c ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (+c / 4)))).toString(16));

class Refused extends Error {
  constructor(status, words, extra) {
    super(words);
    this.status = status;
    this.extra = extra;
  }
}

class HenvendChat extends HTMLElement {
  #t = {};
  #seen = 0; // number of the last message shown
  #said = 0; // number of the last message read out
  #talk = null; // {id, token, waiting: [...]}
  #stream = null;
  #busy = false;
  #ready = null;
  #parts = {};

  connectedCallback() {
    if (this.shadowRoot) return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.#parts.launch = make("button", { class: "launch", type: "button", "aria-expanded": "false", on: { click: () => this.open() } },
      OPEN[this.#lang] ?? OPEN.en);
    root.append(this.#parts.launch);
    window.addEventListener("online", this.#wake);
    if (this.#shelf()) this.#ready = this.#load(); // a conversation goes on after a page change
    if (this.hasAttribute("open")) this.open();
  }

  disconnectedCallback() {
    this.#stream?.abort();
    window.removeEventListener("online", this.#wake);
  }

  get #lang() {
    const wish = (this.getAttribute("lang") || document.documentElement.lang || "da").slice(0, 2);
    return wish in OPEN ? wish : "en";
  }

  get #base() {
    return new URL("api/v1/", this.getAttribute("src") ? new URL(this.getAttribute("src"), location.href) : HOME).href;
  }

  #wake = () => this.#stream?.nudge?.();

  #shelf() {
    try {
      return JSON.parse(sessionStorage.getItem(SHELF));
    } catch {
      return null;
    }
  }

  #keep() {
    try {
      if (this.#talk) sessionStorage.setItem(SHELF, JSON.stringify(this.#talk));
      else sessionStorage.removeItem(SHELF);
    } catch {
      // Private windows may refuse storage; the conversation then lives as long as the page.
    }
  }

  async #call(path, { method = "GET", body, raw = false } = {}) {
    const headers = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    if (this.#talk) headers.authorization = `Bearer ${this.#talk.token}`;
    const answer = await fetch(this.#base + path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: "omit", cache: "no-store" });
    if (!answer.ok) {
      const said = await answer.json().catch(() => ({}));
      throw new Refused(answer.status, said.error ?? said.detail ?? "", said.extra ?? said);
    }
    return raw ? answer : answer.status === 204 ? null : answer.json();
  }

  async open() {
    this.#parts.launch.setAttribute("aria-expanded", "true");
    this.#ready ??= this.#load();
    try {
      await this.#ready;
    } catch {
      this.#ready = null;
      this.#parts.launch.textContent = AWAY[this.#lang];
      await wait(3000);
      this.#parts.launch.textContent = OPEN[this.#lang];
      return;
    }
    this.#parts.panel.hidden = false;
    this.#parts.launch.hidden = true;
    this.#scrollDown();
    this.#parts.input.focus();
    if (!this.#talk) await this.#begin();
  }

  close() {
    this.#parts.panel.hidden = true;
    this.#parts.launch.hidden = false;
    this.#parts.launch.setAttribute("aria-expanded", "false");
    this.#parts.launch.focus();
  }

  async #load() {
    const about = await this.#call(`widget?lang=${this.#lang}`);
    this.#t = about.texts;
    this.#build(about);
    const kept = this.#shelf();
    if (kept) {
      this.#talk = kept;
      this.#listen();
      this.#flush();
    }
  }

  #build(about) {
    const t = this.#t;
    const p = this.#parts;
    p.launch.textContent = t.open;
    p.log = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t.conversation });
    p.hear = make("div", { class: "hear", role: "status", "aria-live": "polite" });
    p.bar = make("div", { class: "bar", role: "status", hidden: true }, t.offline);
    p.problem = make("p", { class: "problem", role: "alert" });
    p.input = make("textarea", { id: "write", rows: "2", maxlength: about.longest, autocomplete: "off",
      on: { keydown: (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#submit(); } } } });
    p.send = make("button", { class: "strong", type: "submit" }, t.send);
    const action = (words, act) => make("button", { type: "button", on: { click: act } }, words);
    p.more = make("details", {}, make("summary", {}, t.more), make("div", { class: "row" },
      action(t.download, () => this.#download()), action(t.end, () => this.#end()),
      action(t.delete, () => this.#delete()), action(t.restart, () => this.#restart())),
      make("p", { class: "small" }, t.no_cookies));
    p.form = make("form", { on: { submit: (event) => { event.preventDefault(); this.#submit(); } } },
      make("label", { for: "write" }, t.write), p.input, p.problem,
      make("div", { class: "row" }, p.send, action(t.person, () => this.#askPerson())), p.more);
    p.email = make("input", { id: "email", type: "email", autocomplete: "email", maxlength: "280" });
    p.note = make("textarea", { id: "note", rows: "2", maxlength: about.longest });
    p.person = make("form", { class: "person", hidden: true, "aria-label": t.person,
      on: { submit: (event) => { event.preventDefault(); this.#sendPerson(); } } },
      make("p", { class: "small" }, t.person_explain),
      make("label", { for: "email" }, t.person_email), p.email, make("label", { for: "note" }, t.person_note), p.note,
      make("div", { class: "row" }, make("button", { class: "strong", type: "submit" }, t.person_send),
        action(t.cancel, () => this.#showPerson(false))));
    p.panel = make("section", { class: "panel", hidden: true, lang: this.#lang, "aria-label": t.title,
      on: { keydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); this.close(); } }, click: (event) => this.#pressed(event) } },
      make("header", {}, make("h2", {}, t.title), make("a", { href: `tel:${about.phone.replace(/\s/g, "")}` }, t.phone),
        make("button", { type: "button", "aria-label": t.close, on: { click: () => this.close() } }, "✕")),
      p.bar, p.log, p.hear, p.person, p.form);
    this.shadowRoot.append(p.panel);
  }

  async #begin() {
    let proof = {};
    for (let attempt = 0; ; attempt++) {
      try {
        const begun = await this.#call("conversations", { method: "POST", body: { language: this.#lang, ...proof } });
        this.#talk = { id: begun.id, token: begun.token, waiting: [] };
        this.#keep();
        this.#offline(false);
        begun.messages.forEach((one) => this.#show(one, true));
        this.#listen();
        return;
      } catch (error) {
        if (error.status === 428) proof = await this.#prove(error.extra);
        else if (error.status && error.status < 500) return this.#say(error.message);
        else {
          this.#offline(true);
          await wait(Math.min(8000, 500 * 2 ** attempt));
        }
      }
    }
  }

  async #prove({ challenge, bits }) {
    const encode = new TextEncoder();
    for (let number = 0; ; number++) {
      const hash = new DataView(await crypto.subtle.digest("SHA-256", encode.encode(`${challenge}:${number}`)));
      if (hash.getUint32(0) >>> (32 - bits) === 0) return { challenge, proof: String(number) };
    }
  }

  // One message at a time leaves, each with its own id: sent twice it still arrives once.
  async #flush() {
    if (this.#busy || !this.#talk) return;
    this.#busy = true;
    for (let failures = 0; this.#talk?.waiting.length; ) {
      const talk = this.#talk;
      const next = talk.waiting[0];
      this.#pending(next);
      try {
        const answer = await this.#call(`conversations/${talk.id}/messages`, { method: "POST", body: next });
        talk.waiting.shift();
        this.#keep();
        this.#offline(false);
        answer.messages.forEach((one) => this.#show(one));
        failures = 0;
      } catch (error) {
        if (error.status && error.status < 500) {
          talk.waiting.shift();
          this.#keep();
          this.#parts.log.querySelector(`[data-id="${next.id}"].pending`)?.remove();
          if (!next.topic && !this.#parts.input.value) this.#parts.input.value = next.text;
          this.#say(error.message);
          if (GONE.has(error.status)) this.#gone(error.status, error.message);
        } else {
          this.#offline(true);
          await wait(Math.min(8000, 500 * 2 ** failures++));
        }
      }
    }
    this.#busy = false;
    this.#parts.send.disabled = false;
    this.#parts.send.textContent = this.#t.send;
  }

  async #submit() {
    const text = this.#parts.input.value.trim();
    if (!text) return;
    this.#parts.input.value = "";
    await this.#queue({ text });
  }

  async #queue(message) {
    this.#say("");
    if (!this.#talk) await this.#begin();
    if (!this.#talk) return;
    const waiting = { id: newId(), ...message };
    this.#talk.waiting.push(waiting);
    this.#keep();
    this.#pending(waiting);
    this.#parts.send.textContent = this.#t.sending;
    await this.#flush();
  }

  // The event stream by fetch, so that the token stands in a header and in no address.
  async #listen() {
    this.#stream?.abort();
    const talk = this.#talk;
    const control = new AbortController();
    this.#stream = control;
    for (let failures = 0; !control.signal.aborted && this.#talk === talk; failures++) {
      try {
        const answer = await fetch(`${this.#base}conversations/${talk.id}/events`, { signal: control.signal, credentials: "omit", cache: "no-store",
          headers: { accept: "text/event-stream", authorization: `Bearer ${talk.token}`, "last-event-id": String(this.#seen) } });
        if (GONE.has(answer.status)) return this.#gone(answer.status, (await answer.json().catch(() => ({}))).error);
        if (!answer.ok) throw new Refused(answer.status, "");
        failures = 0;
        this.#offline(false);
        if (await this.#read(answer.body.pipeThrough(new TextDecoderStream()).getReader())) continue; // asking again says why it is gone
      } catch {
        if (control.signal.aborted) return;
      }
      this.#offline(true);
      await Promise.race([wait(Math.min(8000, 400 * 2 ** failures)), new Promise((go) => { control.nudge = go; })]);
    }
  }

  // True when the conversation is gone.
  async #read(reader) {
    for (let rest = ""; ; ) {
      const { value, done } = await reader.read();
      if (done) return false;
      const blocks = (rest + value.replace(/\r/g, "")).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart()).join("\n");
        if (/^event: ?gone/m.test(block)) return true;
        if (data) this.#show(JSON.parse(data));
      }
    }
  }

  #pending({ id, text, topic }) {
    if (this.#parts.log.querySelector(`[data-id="${id}"]`)) return;
    const shown = topic ? this.#titleOf(topic) : text;
    this.#parts.log.append(make("article", { class: "citizen pending", "data-id": id }, make("h3", {}, this.#t.you), make("p", { class: "words" }, shown)));
    this.#scrollDown();
  }

  #titleOf(topic) {
    return this.#parts.log.querySelector(`button[value="${CSS_escape(topic)}"]`)?.textContent ?? topic;
  }

  #show(one, first = false) {
    if (one.seq <= this.#seen) return;
    this.#seen = one.seq;
    this.#parts.log.querySelector(`[data-id="${one.id}"].pending`)?.remove();
    const t = this.#t;
    const who = { citizen: t.you, bot: t.bot, staff: t.staff, notice: t.notice }[one.role] ?? t.bot;
    const node = make("article", { class: `${one.role} ${one.kind}`, "data-id": one.id, tabindex: "-1", "aria-label": who }, make("h3", {}, who));
    if (one.about.title) node.append(make("h4", {}, one.about.title));
    if (one.about.lead) node.append(make("p", {}, one.about.lead));
    node.append(one.html === null ? make("p", { class: "words" }, one.text) : trusted(one.html));
    if (one.about.offered) node.append(make("div", { class: "row" }, ...one.about.offered.map((b) => make("button", { type: "button", name: "topic", value: b.topic }, b.title))));
    if (one.about.title) this.#credit(node, one);
    else if (one.receipt) node.append(make("p", { class: "meta" }, this.#receipt(one)));
    if (one.about.person) node.append(make("div", { class: "row" }, make("button", { type: "button", on: { click: () => this.#askPerson() } }, t.person)));
    const pending = this.#parts.log.querySelector(".pending");
    pending && one.role !== "citizen" ? pending.before(node) : this.#parts.log.append(node);
    if (one.role !== "citizen") this.#announce(node, one, first);
  }

  #day(iso) {
    return new Date(`${iso}T12:00`).toLocaleDateString(this.#lang === "en" ? "en-GB" : this.#lang, { dateStyle: "long" });
  }

  #receipt({ receipt }) {
    return make("a", { href: `${receipt}?lang=${this.#lang}`, rel: "noopener noreferrer", target: "_blank" }, this.#t.receipt);
  }

  #credit(node, { seq, about, receipt }) {
    const t = this.#t;
    const facts = [t.ai_mark, t.version.replace("{version}", about.version), t.approved.replace("{role}", about.approved_by), t.review.replace("{date}", this.#day(about.review_by))];
    const meta = make("p", { class: "meta" }, facts.join(" · "));
    for (const source of about.sources) meta.append(` · ${t.source}: `, make("a", { href: source.url, rel: "noopener noreferrer", target: "_blank" }, source.title));
    meta.append(" · ", this.#receipt({ receipt }));
    const rate = (helpful) => async () => {
      const { thanks } = await this.#call(`conversations/${this.#talk.id}/feedback`, { method: "POST", body: { seq, helpful } }).catch(() => ({ thanks: t.offline }));
      row.replaceChildren(make("span", { role: "status" }, thanks));
    };
    const wrong = async () => {
      const said = await this.#call(`conversations/${this.#talk.id}/wrong`, { method: "POST", body: { seq } }).catch((error) => this.#say(error.message || t.failed));
      if (said) row.replaceChildren(make("span", { role: "status" }, `${t.thanks} ${said.reference}`));
    };
    const row = make("div", { class: "row" }, make("span", {}, t.helped),
      make("button", { type: "button", on: { click: rate(true) } }, t.helped_yes), make("button", { type: "button", on: { click: rate(false) } }, t.helped_no),
      make("button", { type: "button", on: { click: wrong } }, t.wrong));
    node.append(meta, row);
  }

  // Each answer is read out once by the live region; focus goes to it unless somebody is typing.
  #announce(node, one, first) {
    const isNew = one.seq > this.#said && !this.#parts.panel.hidden;
    this.#said = Math.max(this.#said, one.seq);
    if (!isNew) return;
    const words = [...node.querySelectorAll("h4, p:not(.meta), li, .row button")].map((part) => part.textContent.trim());
    this.#parts.hear.replaceChildren(make("p", {}, words.join(". ")));
    node.scrollIntoView({ block: first ? "nearest" : "start" });
    const typing = this.#parts.input.value || !this.#parts.person.hidden;
    if (!first && !typing && this.shadowRoot.activeElement) node.focus({ preventScroll: true });
  }

  #pressed(event) {
    const button = event.target.closest?.('button[name="topic"]');
    if (!button) return;
    event.preventDefault();
    this.#queue({ text: button.textContent, topic: button.value });
  }

  #askPerson() {
    this.#showPerson(true);
    this.#parts.email.focus();
  }

  #showPerson(yes) {
    this.#parts.person.hidden = !yes;
    this.#parts.form.hidden = yes;
    if (!yes) this.#parts.input.focus();
  }

  async #sendPerson() {
    const { email, note } = this.#parts;
    if (!this.#talk) await this.#begin();
    if (!this.#talk) return this.#showPerson(false);
    this.#wish ??= newId();
    try {
      await this.#call(`conversations/${this.#talk.id}/person`, { method: "POST", body: { note: note.value, email: email.value || null, id: this.#wish } });
      this.#wish = null;
      note.value = "";
      this.#showPerson(false);
    } catch (error) {
      this.#showPerson(false);
      this.#say(error.message || this.#t.failed);
    }
  }
  #wish = null;

  async #download() {
    if (!this.#talk) return;
    const answer = await this.#call(`conversations/${this.#talk.id}/download`, { raw: true }).catch((error) => this.#say(error.message || this.#t.failed));
    if (!answer) return;
    const link = make("a", { href: URL.createObjectURL(await answer.blob()), download: `${this.#t.download_file}.txt` });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async #end() {
    if (this.#talk) await this.#call(`conversations/${this.#talk.id}/end`, { method: "POST", body: {} }).catch((error) => this.#say(error.message || this.#t.failed));
  }

  async #delete() {
    if (!this.#talk || !confirm(this.#t.delete_sure)) return;
    try {
      await this.#call(`conversations/${this.#talk.id}`, { method: "DELETE" });
      this.#forget();
      this.#say(this.#t.deleted);
    } catch (error) {
      this.#say(error.message || this.#t.failed);
    }
  }

  async #restart() {
    this.#forget();
    await this.#begin();
    this.#parts.input.focus();
  }

  #gone(status, why) {
    this.#forget();
    this.#say(status === 410 && why ? why : this.#t.gone);
  }

  #forget() {
    this.#stream?.abort();
    this.#talk = null;
    this.#seen = this.#said = 0;
    this.#keep();
    this.#parts.log.replaceChildren();
  }

  #offline(yes) {
    if (this.#parts.bar.hidden === !yes) return;
    this.#parts.bar.hidden = !yes;
    if (!yes) this.#parts.hear.replaceChildren(make("p", {}, this.#t.online));
  }

  #say(problem) {
    this.#parts.problem.textContent = problem;
  }

  #scrollDown() {
    this.#parts.log.scrollTop = this.#parts.log.scrollHeight;
  }
}

const CSS_escape = (text) => window.CSS.escape(text);

// HTML our own server made from approved Markdown (it escapes everything else); people's words never come here.
function trusted(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const link of template.content.querySelectorAll("a[href^=http]")) link.target = "_blank";
  return template.content;
}

if (!customElements.get("henvend-chat")) customElements.define("henvend-chat", HenvendChat);
