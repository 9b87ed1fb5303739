// The other half of the player: pictures and films, one after the other; and what the house is told of this monitor:
// every twenty seconds how it is, what is wrong with it, and what was really on the screen. What was shown while the
// line was dead is kept and told later, each by an id, so that telling twice does no harm. A medium that cannot be
// played is left out and reported; when none can, their words stay on the screen. ES2017, because TV sticks are old.
"use strict";
(() => {
  const main = document.querySelector("[data-live]");
  const clock = window.houseClock;
  const REPORT = 20000;
  const SOON = 1500;
  const FAULTS_AGAIN = 300000;
  // A film that has not begun by then does not.
  const PATIENCE = 10000;
  const TRY_AGAIN = 30000;
  // What another display has shown on this screen is not this one's.
  const PLAYS = "sky play ";
  const PLAY = PLAYS + main.dataset.report + " ";
  const BATCH = 200;
  const MOST_PLAYS = 8000;
  const TOO_OLD = 29 * 86400000;
  // What is not played from a list is told once in a while, too, so that a switched-off monitor loses little.
  const LONGEST = 600000;
  const NO_DATA = 60000;
  const MEDIA = "sky-media";
  const KEPT_MEDIA = 60;

  const screen = () => main.querySelector(".screen");
  const isDevice = Boolean(main.dataset.report);
  const store = (act) => { try { return act(); } catch (_) { return null; } };

  // --- what is wrong; by code, since when

  const faults = new Map();
  let faultsTold = 0;
  let soon = 0;
  const fault = (code, is, reason, subject) => {
    if (is === faults.has(code)) return;
    if (is) faults.set(code, { code, at: Math.round(clock.now()), reason: String(reason || "").slice(0, 200), subject: subject || "" });
    else faults.delete(code);
    faultsTold = 0;
    // Somebody should know soon.
    clearTimeout(soon);
    if (isDevice) soon = setTimeout(() => report(), SOON);
  };
  addEventListener("error", (event) => { if (event.message) fault("script", true, event.message); });
  addEventListener("unhandledrejection", (event) => fault("script", true, event.reason));

  // --- proof of play

  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (it) => it.toString(16).padStart(2, "0")).join("");
  const playKeys = () => Object.keys(localStorage).filter((key) => key.startsWith(PLAY));
  const keepPlay = (subject, at, revision) => {
    const seconds = Math.min(86400, Math.round((clock.now() - at) / 1000));
    if (!isDevice || seconds < 1) return;
    const play = { id: newId(), subject, at: Math.round(at), seconds, revision };
    // Sorted by time, so that the oldest are told first.
    store(() => localStorage.setItem(PLAY + play.at + " " + play.id, JSON.stringify(play)));
  };
  const plays = () => store(() => {
    const keys = playKeys().sort();
    const old = keys.filter((key, at) => at < keys.length - MOST_PLAYS || Number(key.split(" ")[3]) < clock.now() - TOO_OLD);
    old.forEach((key) => localStorage.removeItem(key));
    return keys.filter((key) => old.indexOf(key) < 0).slice(0, BATCH);
  }) || [];

  // What was computed, by its class: begun, and told when something else is shown.
  let page = null;
  const turnPage = (subject) => {
    if (page) keepPlay(page.subject, page.at, page.revision);
    page = subject && { subject, at: clock.now(), ticks: performance.now(), revision: Number(main.dataset.revision) || 0 };
  };
  const classOf = () => ["evacuation", "safety", "operations", "scheduled", "default"].find((name) => screen().classList.contains(name)) || "default";
  // On a dark screen nobody has seen anything, although it goes on below.
  const isUnseen = () => document.hidden || Boolean(document.documentElement.dataset.dark);
  const watchPage = () => {
    const subject = isUnseen() || screen().dataset.plays === "alone" ? "" : classOf();
    if ((page ? page.subject : "") !== subject || (page && performance.now() - page.ticks > LONGEST)) turnPage(subject);
  };

  // --- pictures and films

  const stage = document.createElement("figure");
  stage.className = "stage";
  const items = () => Array.from(main.querySelectorAll("li[data-media]")).filter((line) => !line.dataset.over);
  let list = "";
  let at = -1;
  // What is on the stage: its id, its element, since when.
  let playing = null;
  let timer = 0;
  // Rises with every change of mind: what was loaded for an earlier one is not shown.
  let turn = 0;

  const broken = (item, is) => fault("media-" + item.dataset.id.slice(0, 16), is, is ? item.textContent.trim().replace(/\s+/g, " ").slice(0, 100) : "", item.dataset.id);

  const end = () => {
    if (playing && !playing.unseen) keepPlay(playing.id, playing.at, playing.revision);
    playing = null;
  };
  // It was seen until the screen went dark, and is again from when it is light.
  const watchStage = () => {
    const unseen = isUnseen();
    if (!playing || playing.unseen === unseen) return;
    if (unseen) keepPlay(playing.id, playing.at, playing.revision);
    else playing.at = clock.now();
    playing.unseen = unseen;
  };

  const lower = () => {
    end();
    stage.remove();
    stage.textContent = "";
    delete screen().dataset.plays;
    dispatchEvent(new Event("resize"));
  };

  const raise = (item, element) => {
    end();
    stage.textContent = "";
    stage.appendChild(element);
    element.setAttribute("aria-label", item.querySelector("b") ? item.querySelector("b").textContent : "");
    playing = { id: item.dataset.id, at: clock.now(), revision: Number(main.dataset.revision) || 0, unseen: isUnseen() };
    attach();
  };

  // The stage stands in the screen, which is made anew with every content.
  const attach = () => {
    main.querySelectorAll(".stage").forEach((it) => { if (it !== stage) it.remove(); });
    if (!playing) { delete screen().dataset.plays; return; }
    const others = Array.from(main.querySelectorAll("li:not([data-media])")).some((line) => !line.dataset.over);
    screen().dataset.plays = others ? "beside" : "alone";
    if (stage.parentNode !== screen()) screen().appendChild(stage);
    const film = stage.querySelector("video");
    if (film) run(film);
    dispatchEvent(new Event("resize"));
  };

  // Where less motion is wanted a film stands still at its first picture, as long as it would have run.
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const run = (film) => { if (calm.matches) film.pause(); else film.play().catch(() => {}); };
  calm.addListener(() => { const film = stage.querySelector("video"); if (film) run(film); });

  const load = (item) => new Promise((good, bad) => {
    const late = setTimeout(() => bad(new Error("late")), PATIENCE);
    const done = (act) => (value) => { clearTimeout(late); act(value); };
    if (item.dataset.film) {
      const film = document.createElement("video");
      Object.assign(film, { muted: true, autoplay: !calm.matches, preload: "auto", playsInline: true, loop: true, src: item.dataset.media });
      film.onloadeddata = done(() => good(film));
      film.onerror = done(() => bad(new Error("film")));
    } else {
      const picture = new Image();
      picture.onload = done(() => (picture.naturalWidth ? good(picture) : bad(new Error("empty"))));
      picture.onerror = done(() => bad(new Error("picture")));
      picture.src = item.dataset.media;
    }
  });

  const next = (tries) => {
    clearTimeout(timer);
    const mine = turn += 1;
    const all = items();
    if (!all.length) { lower(); return; }
    if (tries >= all.length) {
      // None of them: their words are shown instead.
      lower();
      timer = setTimeout(() => next(0), TRY_AGAIN);
      return;
    }
    at = (at + 1) % all.length;
    const item = all[at];
    load(item).then((element) => {
      if (mine !== turn) return;
      broken(item, false);
      raise(item, element);
      timer = setTimeout(() => next(0), Math.max(3, Number(item.dataset.seconds)) * 1000);
    }, () => {
      if (mine !== turn) return;
      broken(item, true);
      next(tries + 1);
    });
  };

  // Begins anew when the list is another one; what plays already goes on if it is still on the list.
  const look = () => {
    const all = items();
    const now = all.map((item) => item.dataset.id + item.dataset.seconds).join(" ");
    if (now === list) return;
    list = now;
    faults.forEach((_, code) => { if (code.startsWith("media-")) fault(code, false); });
    keepMedia(all.map((item) => item.dataset.media));
    const still = playing ? all.findIndex((item) => item.dataset.id === playing.id) : -1;
    if (still >= 0) { at = still; attach(); return; }
    at = -1;
    next(0);
  };

  // Fetched before they are needed: the worker keeps them for the time without network. Old ones make room.
  const keepMedia = (wanted) => {
    if (!isDevice || !wanted.length) return;
    wanted.forEach((path) => fetch(path).catch(() => {}));
    if (!("caches" in window)) return;
    caches.open(MEDIA).then((cupboard) => cupboard.keys().then((keys) => {
      const idle = keys.filter((it) => wanted.indexOf(new URL(it.url).pathname) < 0);
      idle.slice(0, Math.max(0, keys.length - KEPT_MEDIA)).forEach((it) => cupboard.delete(it));
    })).catch(() => {});
  };

  main.addEventListener("live:update", () => { attach(); look(); watchPage(); });
  setInterval(() => { watchStage(); look(); watchPage(); }, 1000);
  attach();
  look();
  watchPage();
  addEventListener("pagehide", () => { end(); turnPage(""); });

  // --- what the house is told

  if (!isDevice) return;
  // When the house was last heard, by the ticks: the clock is set right in the moment in which the line is back.
  // Before a page out of the cupboard it was as monitor.js has noted.
  const noted = main.dataset.kept && store(() => JSON.parse(localStorage.getItem("sky " + main.dataset.live)).heard);
  let heard = performance.now() - (noted ? Math.max(0, clock.now() - noted) : 0);
  main.addEventListener("live:alive", () => {
    const silent = performance.now() - heard;
    if (silent > NO_DATA) {
      fault("no-data", true);
      faults.get("no-data").at = Math.round(clock.now() - silent);
    }
    heard = performance.now();
  });

  let done = true;
  let room = { usage: 0, quota: 0 };
  const measure = () => {
    if (navigator.storage && navigator.storage.estimate) navigator.storage.estimate().then((it) => { room = it; }).catch(() => {});
  };
  measure();
  const check = () => {
    measure();
    // Its clock the house measures itself, by the time in the report.
    fault("not-offline-ready", performance.now() > REPORT && !(navigator.serviceWorker && navigator.serviceWorker.controller), "no service worker; the page needs https");
  };

  // One that cannot be read is of use to nobody, and must not keep the others here.
  const kept = (key) => {
    const play = store(() => JSON.parse(localStorage.getItem(key)));
    if (play && play.id) return play;
    store(() => localStorage.removeItem(key));
    return null;
  };

  let telling = false;
  const report = () => {
    if (telling || main.dataset.out) return;
    check();
    const keys = plays();
    const all = performance.now() - faultsTold > FAULTS_AGAIN || !faultsTold;
    const told = performance.now();
    // What was noted before the clock was set right may lie ahead of it: the house takes nothing from the future.
    const latest = Math.floor(clock.now());
    const body = {
      time: Date.now(),
      revision: Number(main.dataset.revision) || 0,
      width: Math.min(16384, Math.round(innerWidth * devicePixelRatio)),
      height: Math.min(16384, Math.round(innerHeight * devicePixelRatio)),
      available: Math.max(0, Math.round((room.quota || 0) - (room.usage || 0))),
      total: Math.round(room.quota || 0),
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "",
      player: "web/" + main.dataset.version,
      done,
      dark: document.hidden || Boolean(document.documentElement.dataset.dark),
      alarm: Boolean(main.dataset.alarm),
      faults: all ? Array.from(faults.values()).slice(0, 20).map((it) => Object.assign({}, it, { at: Math.min(it.at, latest) })) : null,
      plays: keys.map(kept).filter(Boolean),
    };
    if (all) faultsTold = told;
    // Only now: whatever fails before this is tried again the next time.
    telling = true;
    fetch(main.dataset.report, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } })
      .then((answer) => {
        if (answer.status === 401 || answer.status === 403) { main.dispatchEvent(new CustomEvent("live:lost")); return null; }
        if (!answer.ok) throw new Error(String(answer.status));
        return answer.json();
      })
      .then((answer) => {
        telling = false;
        if (!answer) return;
        keys.forEach((key) => localStorage.removeItem(key));
        fault("plays-refused", Boolean(answer.playsRefused), answer.playsRefused);
        // Told once, with its beginning; then it is over.
        if (all) fault("no-data", false);
        if (keys.length === BATCH) report();
      })
      .catch(() => { telling = false; if (all) faultsTold = 0; });
  };

  // --- a picture of the screen, when somebody asks for one

  // A page cannot read the pixels of its own screen without somebody who allows it each time. So it draws itself once more:
  // its elements and styles, with pictures and type inside, as one picture. What another program lays over it is not in it.
  const MOST_PIXELS = 1920;
  const asData = async (path) => {
    const blob = await (await fetch(path)).blob();
    return new Promise((good, bad) => {
      const reader = new FileReader();
      reader.onload = () => good(reader.result);
      reader.onerror = bad;
      reader.readAsDataURL(blob);
    });
  };
  const still = (film) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: film.videoWidth, height: film.videoHeight });
    canvas.getContext("2d").drawImage(film, 0, 0);
    return Object.assign(document.createElement("img"), { src: canvas.toDataURL("image/jpeg", 0.8) });
  };
  const styles = async () => {
    let css = Array.from(document.styleSheets, (sheet) => Array.from(sheet.cssRules, (rule) => rule.cssText).join("\n")).join("\n");
    for (const url of css.match(/url\("\/[^"]*"\)/g) || []) css = css.replace(url, `url("${await asData(url.slice(5, -2))}")`);
    return css;
  };
  const drawn = async () => {
    const page = document.documentElement.cloneNode(true);
    const films = Array.from(document.querySelectorAll("video"));
    page.querySelectorAll("script, link, meta, noscript, template").forEach((it) => it.remove());
    for (const picture of Array.from(page.querySelectorAll("img"))) picture.src = await asData(picture.src);
    page.querySelectorAll("video").forEach((film, at) => film.replaceWith(still(films[at])));
    page.querySelector("head").appendChild(document.createElement("style")).textContent = await styles();
    const [width, height] = [innerWidth, innerHeight];
    const inside = `<foreignObject width="100%" height="100%">${new XMLSerializer().serializeToString(page)}</foreignObject>`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${inside}</svg>`;
    const picture = new Image();
    await new Promise((good, bad) => {
      Object.assign(picture, { onload: good, onerror: bad, src: "data:image/svg+xml;charset=utf-8," + encodeURIComponent(svg) });
    });
    const scale = Math.min(1, MOST_PIXELS / Math.max(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    const canvas = Object.assign(document.createElement("canvas"), size);
    canvas.getContext("2d").drawImage(picture, 0, 0, size.width, size.height);
    return new Promise((good, bad) => canvas.toBlob((it) => (it ? good(it) : bad(new Error("empty"))), "image/jpeg", 0.85));
  };
  const asked = new Set();
  main.addEventListener("live:command", (event) => {
    const { id, action, until } = event.detail;
    if (action !== "screenshot" || asked.has(id) || until < clock.now()) return;
    asked.add(id);
    const path = main.dataset.report.replace(/report$/, "picture") + "?command=" + encodeURIComponent(id);
    const tell = (more, body) => fetch(path + more, { method: "POST", body });
    drawn().then((picture) => tell("", picture), () => tell("&why=not-supported", ""))
      .then((answer) => { done = answer.ok; })
      .catch(() => { done = false; });
  });

  store(() => Object.keys(localStorage).filter((key) => key.startsWith(PLAYS) && !key.startsWith(PLAY)).forEach((key) => localStorage.removeItem(key)));
  main.addEventListener("live:alarm", () => {
    clearTimeout(soon);
    soon = setTimeout(report, SOON);
  });
  setInterval(report, REPORT);
  setTimeout(report, 2000);
})();
