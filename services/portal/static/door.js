// The phone at the door. The house judges every code; when it does not answer within seconds, or there is no network, this
// does, with the day's list of tickets that it keeps, and writes a journal. The journal is sent when the house is back: by
// then somebody else may have let the same ticket in, and the desk is shown that. Everything lives in the browser's storage,
// so that neither a reload nor an empty battery loses an entry: door-safe.js has each scan on the disk before its verdict is
// said. No names are in the list. A code is taken when the house has signed it; a browser that cannot check that takes only
// what is on the list, says so, and the house checks it later. ES2017, because phones are old.
"use strict";
(() => {
  const KEY = "sky door";
  const PATIENCE = 2500;
  const SYNC = 5000;
  const LIST_EVERY = 60000;
  const MOST_ENTRIES = 200;
  const SHOWN = 6;
  const door = document.querySelector("[data-door]");
  const words = door.dataset;
  const one = (css) => door.querySelector(css);
  const now = () => window.houseClock.now();
  // For the journal, by the house's time too: the phone's own clock may be set between a scan and its report.
  const stamp = () => Math.round(now());
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const random = (length) => hex(crypto.getRandomValues(new Uint8Array(length)));
  const hhmm = (at) => new Date(at).toLocaleTimeString("de", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" });

  // list: as the house gave it; ins, outs: when a ticket was let in or out here, by its id; stops: whether admission is
  // stopped to the house, and to a showing by its id; turn: what was asked and heard since, counted; last: whom this phone
  // has let in last, until that is taken back.
  const kept = { device: "phone-" + random(4), list: null, ins: {}, outs: {}, stops: {}, turn: 0, log: [], showing: "", last: null };
  // The list is long, and is written when it comes; what each scan changes apart from it.
  const MOVES = KEY + " moves";
  try { Object.assign(kept, JSON.parse(localStorage.getItem(KEY)), JSON.parse(localStorage.getItem(MOVES))); } catch (_) { /* Nothing kept: a new phone. */ }
  const write = (key, what) => { try { localStorage.setItem(key, JSON.stringify(what)); } catch (_) { tell(words.lost); } };
  const keep = () => write(MOVES, { ins: kept.ins, outs: kept.outs, stops: kept.stops, turn: kept.turn, log: kept.log, showing: kept.showing, last: kept.last });
  const keepList = () => write(KEY, { device: kept.device, list: kept.list });

  // What the house has to be told; an item each, so that two tabs lose nothing of each other's.
  const ENTRY = KEY + " entry ";
  const entries = () => Object.keys(localStorage).filter((key) => key.startsWith(ENTRY)).map((key) => JSON.parse(localStorage.getItem(key))).sort((a, b) => a.at - b.at);
  const note = (entry) => write(ENTRY + entry.nonce, entry);
  const forget = (nonce) => {
    localStorage.removeItem(ENTRY + nonce);
    window.doorSafe.change(nonce, { entry: null, why: "" }).catch(() => {});
  };
  // What the house will never take, with its reason: for staff, until they say that the desk knows.
  const ASIDE = KEY + " aside ";
  const asides = () => Object.keys(localStorage).filter((key) => key.startsWith(ASIDE)).map((key) => JSON.parse(localStorage.getItem(key))).sort((a, b) => a.at - b.at);
  const setAside = (entry, why) => {
    try {
      localStorage.setItem(ASIDE + entry.nonce, JSON.stringify(Object.assign({ why }, entry)));
      window.doorSafe.change(entry.nonce, { entry, why }).catch(() => {});
      localStorage.removeItem(ENTRY + entry.nonce);
    } catch (_) { tell(words.lost); }
  };

  // --- the line

  let silentSince = 0;
  let isOut = false;
  const showLine = () => {
    const lane = one(".lane");
    const many = entries().length;
    const waiting = many ? " " + words.waiting + " " + many : "";
    lane.className = "lane " + (silentSince || isOut ? "bad" : "good");
    one(".lane .shape").textContent = silentSince || isOut ? "▲" : "●";
    const line = isOut ? words.laneOut : silentSince ? words.laneBad + " " + hhmm(silentSince) + "." : words.laneGood;
    one(".lane .words").textContent = line + waiting;
    one(".lane a").hidden = !isOut;
  };
  const line = (answers) => {
    silentSince = answers ? 0 : silentSince || now();
    showLine();
  };
  const tell = (problem) => {
    one(".problems").hidden = !problem;
    one(".problems").textContent = problem || "";
  };

  // What a page of the house says, as one line.
  const sentence = (page) => (/<main[^>]*>([^]*)<\/main>/.exec(page) || ["", ""])[1].replace(/<a [^>]*>[^]*?<\/a>|<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
  // These will be over by themselves, as a line that is cut: nothing was wrong with what was asked.
  const isBusy = (status) => status >= 500 || status === 408 || status === 429;

  // The answer, or null: the house does not answer, or not to us. `refused`: it does, and will not have what was asked.
  const ask = async (path, body, headers) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), PATIENCE);
    try {
      const answer = await fetch("/desk/door/" + path, { method: "POST", body, headers, redirect: "manual", cache: "no-store", signal: stop.signal });
      isOut = answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403;
      if (isOut || isBusy(answer.status)) throw new Error(String(answer.status));
      const told = answer.ok ? await answer.json() : { refused: sentence(await answer.text()) || String(answer.status), status: answer.status };
      line(true);
      return told;
    } catch (_) {
      line(false);
      return null;
    } finally {
      clearTimeout(timer);
    }
  };

  // --- codes, as the house writes them: see ticket_code.rs of its kernel

  const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
  const decoded = (text) => {
    const bytes = [];
    for (let at = 0; at < text.length; at += 3) {
      const digits = Array.from(text.slice(at, at + 3), (letter) => LETTERS.indexOf(letter));
      const value = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
      if (digits.includes(-1) || digits.length === 1 || value > (digits.length === 3 ? 0xffff : 0xff)) return null;
      if (digits.length === 3) bytes.push(value >> 8);
      bytes.push(value & 0xff);
    }
    return bytes;
  };
  const uuid = (bytes) => hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  const PAYLOAD = 45;
  // A code may begin with a space, which fields and scanners take away.
  const LENGTH = ((PAYLOAD + 63) / 2) * 3 + 2;
  const read = (text) => {
    const bytes = decoded(text.trim().padStart(LENGTH, " "));
    if (!bytes || bytes.length !== PAYLOAD + 64 || bytes[0] !== 1) return null;
    return { bytes, isVisit: bytes[2] === 2, id: uuid(bytes.slice(3, 19)), generation: bytes[43] * 256 + bytes[44] };
  };
  // Whether the house has signed a code; null: this browser cannot check it (Ed25519 came to browsers in 2023 to 2025).
  const PREFIX = Array.from("sky.ticket.v1\0", (letter) => letter.charCodeAt(0));
  const isSigned = async (code) => {
    const message = new Uint8Array(PREFIX.concat(code.bytes.slice(0, PAYLOAD)));
    const signature = new Uint8Array(code.bytes.slice(PAYLOAD));
    try {
      const keys = kept.list.keys.map((key) => new Uint8Array(key.match(/../g).map((pair) => parseInt(pair, 16))));
      // A browser that cannot check any code must say so, also of one that names no key of ours.
      for (const bytes of keys) {
        const key = await crypto.subtle.importKey("raw", bytes, { name: "Ed25519" }, false, ["verify"]);
        // 1: from before keys had names.
        const isNamed = code.bytes[1] === 1 || bytes[0] === code.bytes[1];
        if (isNamed && await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message)) return true;
      }
      return false;
    } catch (_) {
      return null;
    }
  };
  const spoken = (text) => text.toUpperCase().replace(/[^0-9A-Z]/g, "");

  // Whose code it is; null: nobody's on the list. A lower generation than the list's was issued anew since; a higher one is
  // good if it is signed: the list is older than the code. Unsigned, somebody may have raised it.
  const find = (text, code, signed, chosen) => {
    if (!code) {
      // A short reference may be that of two bookings: the one of the chosen showing is meant, or nobody knows which.
      const all = kept.list.showings.map((showing) =>
        showing.parties.filter((it) => spoken(it.reference) === spoken(text)).map((party) => ({ showing, party, tickets: party.tickets })));
      const found = [].concat(...all);
      const here = found.filter((it) => it.showing.id === chosen);
      const meant = here.length ? here : found;
      return meant.length > 1 ? { several: true } : meant[0] || null;
    }
    const is = (listed) => ({ old: code.generation < listed.generation, raised: !signed && code.generation > listed.generation });
    for (const showing of kept.list.showings) {
      for (const party of showing.parties) {
        if (code.isVisit && party.visit === code.id) return Object.assign(is(party), { showing, party, tickets: party.tickets });
        const ticket = !code.isVisit && party.tickets.find((it) => it.id === code.id);
        if (ticket) return Object.assign(is(ticket), { showing, party, tickets: [ticket] });
      }
    }
    return null;
  };

  // What the house has said last of its stops holds until it says otherwise. Of two answers that were under way together
  // nobody knows which is the later one: then the one that stops is believed.
  const turn = () => (kept.turn += 1);
  const hear = (what, isStopped, from) => {
    if (typeof isStopped !== "boolean") return;
    const known = kept.stops[what];
    if (isStopped) kept.stops[what] = { isStopped, turn: turn() };
    else if (!known || known.turn < from) kept.stops[what] = { isStopped, turn: from };
  };
  const isStopped = (what) => Boolean(kept.stops[what] && kept.stops[what].isStopped);

  const isIn = (ticket) => ticket.admitted || Boolean(kept.ins[ticket.id]);
  const no = (verdict, more) => ({ verdict, good: false, text: words[verdict] + (more ? " " + more : ""), detail: "", take: [] });
  // Whose code it is that is good in itself, or the refusal.
  const identify = async (text, showing, leaving) => {
    if (!kept.list || now() > kept.list.validUntil) return { refusal: Object.assign(no("unknown"), { text: words.nolist }) };
    const code = read(text);
    const signed = code ? await isSigned(code) : true;
    if (signed === false) return { refusal: no("forged") };
    const found = find(text, code, signed, showing);
    if (found && found.several) return { refusal: Object.assign(no("unknown"), { text: words.several }) };
    if (!found || found.raised) return { refusal: no("unknown", found ? words.unchecked : "") };
    // Whoever is in may leave with the code with which they came.
    return found.old && !(leaving && signed) ? { refusal: no("replaced") } : { found, signed };
  };
  // Out goes whoever is in, at any time.
  const leave = async (text, people, showing) => {
    const { refusal, found, signed } = await identify(text, showing, true);
    if (refusal) return refusal;
    if (found.showing.id !== showing) return no("wrong", found.showing.label);
    const inside = found.tickets.filter((it) => isIn(it) && !kept.outs[it.id]);
    if (!inside.length || people > inside.length) return no("notin", String(inside.length));
    const take = people ? inside.slice(0, people) : inside;
    return { verdict: "exited", good: true, text: words.exited + " " + take.length, detail: signed ? "" : words.unchecked, take };
  };
  // `late`: why somebody is let in where admission is stopped, or after the last entry; the latter while the doors are open, as
  // far as the list knows, and for as long as the house file says. Then only the house does.
  const judge = async (text, people, late, showing) => {
    if (isStopped("house")) return no("stopped");
    const { refusal, found, signed } = await identify(text, showing);
    if (refusal) return refusal;
    if (found.showing.id !== showing) return no("wrong", found.showing.label);
    if (found.showing.over) return no("late");
    if (now() < found.showing.doorsAt && !found.showing.open) return no("early", hhmm(found.showing.doorsAt));
    if (isStopped(showing) && !late) return Object.assign(no("zonestopped"), { stop: true });
    const mayBeLate = found.showing.open && now() < found.showing.lateUntil;
    if (now() > found.showing.lastEntryAt && !(late && mayBeLate)) return Object.assign(no("late"), { late: mayBeLate });
    const left = found.tickets.filter((it) => !isIn(it));
    const earlier = Math.max(0, ...found.tickets.map((it) => kept.ins[it.id] || 0));
    // Whoever has left is let in again by the house alone.
    if (!left.length && found.tickets.some((it) => kept.outs[it.id])) return no("reentry");
    if (!left.length) return no("already", earlier ? hhmm(earlier) : "");
    if (people > left.length) return Object.assign(no("already"), { text: words.many + " " + left.length });
    const take = people ? left.slice(0, people) : left;
    const seats = take.map((it) => it.seat).filter(Boolean).join(", ");
    const detail = [seats && words.seats + " " + seats, take.some((it) => it.assistance) && words.assistance, !signed && words.unchecked];
    return { verdict: "admitted", good: true, text: words.admitted + " " + take.length, detail: detail.filter(Boolean).join(" · "), take };
  };

  // --- what the person at the door sees, hears and feels

  // What the verdict on the screen is about: a reason that is given is given for that.
  let asked = null;
  const show = (said, about) => {
    asked = about;
    const verdict = one(".verdict");
    verdict.hidden = false;
    verdict.className = "verdict panel " + (said.good ? "good" : "bad");
    one(".verdict .shape").textContent = said.good ? "✓" : "✕";
    one(".verdict b").textContent = said.text;
    one(".verdict .detail").textContent = [said.detail, said.alone ? words.alone : ""].filter(Boolean).join(" · ");
    one(".late").hidden = !said.late;
    one(".exception").hidden = !said.stop;
    one(".back").hidden = !said.back;
    if (navigator.vibrate) navigator.vibrate(said.good ? 60 : [200, 100, 200]);
    kept.log = [{ at: now(), good: said.good, text: said.text, code: said.code }].concat(kept.log).slice(0, SHOWN);
    showLog();
  };
  const showLog = () => {
    one(".log").textContent = "";
    kept.log.forEach((it) => {
      const entry = document.createElement("li");
      entry.textContent = (it.good ? "✓ " : "✕ ") + hhmm(it.at) + " " + it.code + ": " + it.text;
      one(".log").appendChild(entry);
    });
  };
  const showShowings = () => {
    const choice = one("#showing");
    const showings = kept.list ? kept.list.showings : [];
    if (!showings.some((it) => it.id === kept.showing)) {
      const ahead = showings.filter((it) => it.lastEntryAt > now());
      const first = ahead.find((it) => it.open) || showings.find((it) => it.open) || ahead[0] || showings[0];
      kept.showing = first ? first.id : "";
    }
    const labels = showings.map((it) => it.label).join("\n");
    if (choice.dataset.labels !== labels) {
      choice.dataset.labels = labels;
      choice.textContent = "";
      showings.forEach((it) => choice.appendChild(new Option(it.label, it.id)));
    }
    choice.value = kept.showing;
  };

  // --- scanning, one code after the other

  // What this phone itself has decided or heard from the house, for the time without it. "back": who had left is in again;
  // "undo": whoever was let in was not.
  const moved = ({ way, at, tickets }) => (tickets || []).forEach((id) => {
    if (way === "out") kept.outs[id] = at; else delete kept.outs[id];
    if (way === "in") kept.ins[id] = at;
    if (way === "undo") delete kept.ins[id];
  });
  // Nobody hears a verdict that a crash could undo.
  const lay = async (scan) => {
    moved(scan);
    if (scan.entry) note(scan.entry);
    if (scan.tickets.length || scan.entry) await window.doorSafe.lay(scan).catch(() => { if (scan.entry) tell(words.lost); });
  };
  // What had come to the disk there and nowhere else when this phone went out.
  const recover = (scans) => {
    scans.sort((one, other) => (one.at || 0) - (other.at || 0)).forEach((it) => {
      moved(it);
      if (!it.entry || localStorage.getItem(ENTRY + it.nonce) || localStorage.getItem(ASIDE + it.nonce)) return;
      if (it.why) write(ASIDE + it.nonce, Object.assign({ why: it.why }, it.entry)); else note(it.entry);
    });
    showAside();
    showLine();
  };
  // way: "in", "out", or "back", which only the house can.
  const scan = async (code, people, showing, late, way) => {
    const nonce = random(16);
    const about = { code, people, showing, way };
    const decide = async () => way === "back" ? no("reentry") : way === "out" ? leave(code, people, showing) : judge(code, people, late, showing);
    const before = await decide();
    const name = read(code) ? "…" + nonce.slice(0, 4) : code;
    const body = new URLSearchParams({ device: kept.device, nonce, showing, code, people: String(people), late, way });
    const from = turn();
    const said = silentSince && !navigator.onLine ? null : await ask("scan", body);
    if (said) {
      hear("house", said.houseStopped, from);
      hear(showing, said.zoneStopped, from);
    }
    // A list that came meanwhile may have told of a stop.
    const alone = said ? before : await decide();
    if (said && said.refused) {
      show({ good: false, text: said.refused, detail: "", code: name }, about);
    } else if (said) {
      // So that it is not let in again when the line breaks before the next list.
      const { found } = way === "back" ? await identify(code, showing) : {};
      const take = found ? found.tickets.filter((it) => kept.outs[it.id]) : alone.good ? alone.take : [];
      const tickets = said.good ? take.slice(0, said.people || take.length).map((it) => it.id) : [];
      await lay({ nonce, way, at: now(), tickets, entry: null });
      if (said.good && way === "in") kept.last = { nonce, name, showing, tickets };
      // The last one is a party that came back: that is taken back at the desk, and nobody else's admission here.
      if (said.good && way === "back") kept.last = null;
      show(Object.assign(said, { code: name }), about);
    } else if (way === "back") {
      show(Object.assign(alone, { code: name, alone: true }), about);
    } else {
      // The house may have heard it all the same: it knows the entry by its nonce.
      const tickets = alone.take.map((it) => it.id);
      const entry = { nonce, showing, code, at: stamp(), verdict: alone.verdict, people: alone.take.length, late: alone.good ? late : "", way, tickets };
      await lay({ nonce, way, at: now(), tickets, entry });
      if (alone.good && way === "in") kept.last = { nonce, name, showing, tickets };
      show(Object.assign(alone, { code: name, alone: true }), about);
    }
    keep();
    showUndo();
    showLine();
  };
  const showUndo = () => {
    one(".undo").hidden = !kept.last;
    one(".undo b").textContent = kept.last ? kept.last.name : "";
  };
  // The last admission was a mistake. What the house has not been told yet goes into the journal beside it, because the house
  // may have heard the scan all the same; what it knows, it takes back itself.
  const undo = async () => {
    const last = kept.last;
    if (!last) return;
    const nonce = random(16);
    const about = { code: last.name, people: 0, showing: last.showing };
    const mistaken = entries().find((it) => it.nonce === last.nonce);
    if (mistaken) {
      const entry = { nonce, showing: last.showing, code: "", at: Math.max(stamp(), mistaken.at + 1), verdict: "undone", people: 0, late: "", way: "undo", undoes: last.nonce, tickets: last.tickets };
      await lay({ nonce, way: "undo", at: now(), tickets: last.tickets, entry });
      kept.last = null;
      show({ good: true, text: words.undone + " " + last.name, detail: "", code: last.name, alone: true }, about);
    } else {
      const said = await ask("undo", new URLSearchParams({ device: kept.device, nonce: last.nonce }));
      const good = Boolean(said && said.good);
      if (good) await lay({ nonce, way: "undo", at: now(), tickets: last.tickets, entry: null });
      // Refused for good, it is no more to be taken back here either; during an alarm it is refused for now.
      if (said && !said.later) kept.last = null;
      const text = said ? said.refused || said.text : words.undoaway;
      show({ good, text, detail: said && said.detail || "", code: last.name }, about);
    }
    keep();
    showUndo();
    showLine();
  };
  let scanned = window.doorSafe.all().then(recover).catch(() => {});
  const take = (code) => {
    const people = Math.max(0, Math.min(60, Number(one("#people").value) || 0));
    one("#people").value = "";
    const showing = kept.showing;
    // As it was when it was scanned: the one before may still be under way.
    const way = one("#way").value;
    if (code && showing) scanned = scanned.then(() => scan(code, people, showing, "", way));
    return scanned;
  };
  one("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const code = one("#code").value.trim();
    one("#code").value = "";
    one("#code").focus();
    take(code);
  });
  // The same code once more, with the reason why it may still go in.
  [".late", ".exception"].forEach((css) => one(css).addEventListener("click", (event) => {
    const late = event.target.value;
    const about = asked;
    if (!late || !about) return;
    one(css).hidden = true;
    // For a scanner that types.
    one("#code").focus();
    scanned = scanned.then(() => scan(about.code, about.people, about.showing, late, about.way));
  }));
  one(".back").addEventListener("click", (event) => {
    const about = asked;
    if (event.target.tagName !== "BUTTON" || !about) return;
    one(".back").hidden = true;
    one("#code").focus();
    scanned = scanned.then(() => scan(about.code, about.people, about.showing, "", "back"));
  });
  one(".undo").addEventListener("click", (event) => {
    if (!event.target.closest("button")) return;
    // What was scanned meanwhile comes first; a second touch finds nothing left to take back.
    const last = kept.last;
    one("#code").focus();
    scanned = scanned.then(() => { if (kept.last === last) return undo(); });
  });
  // The button says which way it is.
  const go = one("button.main");
  const wordsIn = go.textContent;
  const showWay = () => { go.textContent = one("#way").value === "out" ? words.out : wordsIn; };
  one("#way").addEventListener("change", showWay);
  showWay();
  one("#showing").addEventListener("change", (event) => {
    kept.showing = event.target.value;
    keep();
  });

  // --- what the house is told and tells

  let listedAt = 0;
  const takeList = async () => {
    const began = now();
    const from = turn();
    const list = await ask("list", new URLSearchParams({ device: kept.device }));
    if (!list || list.refused) return false;
    listedAt = Date.now();
    kept.list = list;
    hear("house", list.stopped, from);
    list.showings.forEach((it) => hear(it.id, it.zoneStopped, from));
    Object.keys(kept.stops).filter((it) => it !== "house" && !list.showings.some((listed) => listed.id === it)).forEach((it) => { delete kept.stops[it]; });
    // The list says who is in; what was let in here since, what it was not told, and what it would not take, it does not know.
    const unsent = entries().length > 0;
    const aside = new Set([].concat(...asides().map((it) => it.tickets || [])));
    const isKnown = (moves, id) => moves[id] < began && !unsent && !aside.has(id);
    [kept.ins, kept.outs].forEach((moves) => Object.keys(moves).filter((id) => isKnown(moves, id)).forEach((id) => { delete moves[id]; }));
    const isOver = (it) => !it.entry && !(it.at >= began) && !unsent;
    window.doorSafe.all().then((scans) => window.doorSafe.drop(scans.filter(isOver).map((it) => it.nonce))).catch(() => {});
    showShowings();
    keepList();
    keep();
    return true;
  };

  // Tells the house some entries; false: they have to wait. What it will never take is set aside, and holds up nothing.
  let waits = "";
  const report = async (sent, isKnown) => {
    // Whose tickets they were the house finds out by itself.
    const told = sent.map((entry) => Object.assign({}, entry, { tickets: undefined }));
    const journal = JSON.stringify({ device: kept.device, now: stamp(), entries: told });
    const results = await ask("journal", journal, { "content-type": "application/json" });
    if (!results) return false;
    if (results.refused) {
      // The house is being evacuated, and takes them afterwards.
      if (results.status === 409) {
        waits = results.refused;
        tell(waits);
        return false;
      }
      // A house that was set back to what it was yesterday knows a phone again that has taken a list.
      if (results.status === 404 && !isKnown) return (await takeList()) && report(sent, true);
      if (sent.length === 1) {
        setAside(sent[0], results.refused);
        return true;
      }
      for (const entry of sent) if (!(await report([entry], isKnown))) return false;
      return true;
    }
    if (waits) tell("");
    waits = "";
    const of = new Map(results.map((it) => [it.nonce, it]));
    sent.filter((it) => of.has(it.nonce)).forEach((it) => {
      const problem = of.get(it.nonce).problem;
      if (problem) setAside(it, problem); else forget(it.nonce);
    });
    if (results.some((it) => it.disputed)) tell(words.disputed);
    return true;
  };
  const showAside = () => {
    const list = one(".unheard ul");
    list.textContent = "";
    const kept = asides();
    kept.forEach((it) => {
      const item = document.createElement("li");
      const name = read(it.code) ? "…" + it.nonce.slice(0, 4) : it.code;
      item.textContent = hhmm(it.at) + " " + name + " · " + words.people + " " + it.people + " · " + it.why + " ";
      const done = document.createElement("button");
      done.type = "button";
      done.textContent = words.said;
      done.addEventListener("click", () => { localStorage.removeItem(ASIDE + it.nonce); forget(it.nonce); showAside(); });
      item.appendChild(done);
      list.appendChild(item);
    });
    one(".unheard").hidden = !kept.length;
  };

  const sync = async () => {
    const sent = entries().slice(0, MOST_ENTRIES);
    if (sent.length) {
      const isTold = await report(sent, false);
      showAside();
      showLine();
      if (!isTold && silentSince) return;
    }
    if (Date.now() - listedAt < LIST_EVERY && !silentSince && kept.list) {
      // Whoever scans nothing hears of a stop before the next list.
      const from = turn();
      const said = await ask("stops", "");
      const before = isStopped("house");
      if (said && !said.refused) hear("house", said.stopped, from);
      if (isStopped("house") !== before) keep();
      return;
    }
    await takeList();
  };
  let syncing = false;
  const trySync = () => {
    if (syncing) return;
    syncing = true;
    scanned.then(sync).catch((fault) => tell(String(fault))).then(() => { syncing = false; });
  };

  // --- the camera, where the browser reads codes by itself

  const video = one("video");
  let last = { code: "", at: 0 };
  const look = async (reader) => {
    if (video.hidden) return;
    const found = await reader.detect(video).catch(() => []);
    const code = found.length ? found[0].rawValue : "";
    // The same code before the lens is one scan.
    if (code && (code !== last.code || Date.now() - last.at > 4000)) await take(code);
    if (code) last = { code, at: Date.now() };
    setTimeout(() => look(reader), 150);
  };
  const camera = async () => {
    const button = one("#camera");
    if (!video.hidden) {
      video.srcObject.getTracks().forEach((track) => track.stop());
      video.hidden = true;
    } else {
      try {
        video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        video.hidden = false;
        await video.play();
        look(new window.BarcodeDetector({ formats: ["qr_code"] }));
      } catch (fault) {
        tell(String(fault.message || fault));
      }
    }
    button.setAttribute("aria-pressed", String(!video.hidden));
  };
  if (window.BarcodeDetector && navigator.mediaDevices) {
    one("#camera").hidden = false;
    one("#camera").addEventListener("click", camera);
  } else {
    one(".no-camera").hidden = false;
  }

  if (navigator.serviceWorker) {
    const policy = window.trustedTypes ? window.trustedTypes.createPolicy("worker", { createScriptURL: (it) => it }) : { createScriptURL: (it) => it };
    navigator.serviceWorker.register(policy.createScriptURL("/worker.js")).catch(() => {});
  }
  showShowings();
  showLog();
  showAside();
  showUndo();
  showLine();
  addEventListener("online", trySync);
  setInterval(trySync, SYNC);
  trySync();
})();
