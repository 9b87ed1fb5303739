// The player: what only monitors do. Keeps the last content over reload and hours without network, takes
// facts off when they run out, says how old they are, holds an evacuation until the house ends it, and tells
// the house what is shown. The screen is never empty. ES2017, because TV sticks are old.
"use strict";
(() => {
  const main = document.querySelector("[data-live]");
  const clock = document.querySelector(".clock");
  const stand = document.querySelector(".stand");
  const html = document.documentElement;
  const KEY = "sky " + main.dataset.live;
  const TURN = 8000;
  const TELL_AGAIN = 60000;
  // Silent for so long: it says since when; then figures and states go; then all that has no end of its own. The house may
  // want the last two otherwise.
  const SAY_AGE = 10000;
  const FIGURES = Number(main.dataset.figures) * 1000 || 120000;
  const FACTS = Number(main.dataset.facts) * 1000 || 900000;
  // A contact of the fire alarm types a key: one when it closes, another when somebody has reset it by hand.
  const ALARM = "F8";
  const ALARM_RESET = "F9";

  // revision, html and kind of what is shown; heard: when the house was last heard; alarm: raised here; latched: how
  // often an evacuation was laid into the safe.
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem(KEY)) || {}; } catch (_) { /* No storage: what the page says. */ }
  const write = () => {
    try { localStorage.setItem(KEY, JSON.stringify(kept)); } catch (_) { /* It stays on the screen. */ }
  };
  // A browser brings what is written here to the disk when it likes, the later the more is written. So what changes with
  // every beat is not written each time; and an evacuation lies in the safe as well, which is on the disk at once: who
  // cuts the power a moment later finds it when it is back.
  const keep = (changes) => {
    const was = kept.evacuation || kept.alarm;
    Object.assign(kept, changes);
    if (was || kept.evacuation || kept.alarm) {
      kept.latched = (kept.latched || 0) + 1;
      lay(() => JSON.stringify(kept));
    }
    write();
  };
  const safe = new Promise((found, missing) => {
    const asked = indexedDB.open("sky monitor", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("latch");
    asked.onsuccess = () => found(asked.result);
    asked.onerror = missing;
  });
  const begun = kept.latched || 0;
  // An evacuation in earnest has come, or was raised here, since this page was opened: that is newer than what lies in the safe.
  let alarmed = false;
  // What lies there is read before anything is laid there, and counts if it is newer than what the browser had written.
  const taken = safe.then((it) => new Promise((found, missing) => {
    const asked = it.transaction("latch").objectStore("latch").get(KEY);
    asked.onsuccess = () => found(JSON.parse(asked.result || "{}"));
    asked.onerror = missing;
  })).then((latch) => {
    if ((latch.latched || 0) <= begun) return;
    if (alarmed) {
      keep({ latched: latch.latched });
      return;
    }
    Object.assign(kept, latch, { heard: Math.max(kept.heard || 0, latch.heard || 0) });
    write();
    begin();
  }).catch(() => {});
  const lay = (what) => {
    taken.then(() => safe).then((it) => it.transaction("latch", "readwrite", { durability: "strict" }).objectStore("latch").put(what(), KEY)).catch(() => {});
  };
  const now = () => window.houseClock.now();
  // By the ticks: the time of the day may be set while we look.
  let heard = performance.now();
  const NOTE = 60000;
  let noted = -Infinity;
  const hear = () => {
    heard = performance.now();
    kept.heard = window.houseClock.isSure() ? now() : Math.max(kept.heard || 0, now());
    if (heard - noted < NOTE) return;
    noted = heard;
    write();
  };
  // Before the house was last heard it cannot be: a clock without a battery begins anew when it is switched on.
  const isWrong = () => !window.houseClock.isSure() && now() < (kept.heard || 0);
  const screen = () => main.querySelector(".screen");
  const isEvacuation = () => screen().classList.contains("evacuation");
  const each = (css, act) => main.querySelectorAll(css).forEach(act);

  const slide = (name) => {
    main.textContent = "";
    main.appendChild(document.importNode(document.querySelector("template[data-slide=" + name + "]").content, true));
  };

  // --- what is true now

  let before = -1;
  // What the house sent was taken for over by a wrong clock.
  let doubted = false;
  const tidy = () => {
    const at = now();
    const silent = performance.now() - heard;
    const evacuation = isEvacuation();
    // player.js tells the house.
    const alarm = kept.alarm ? "yes" : "";
    if (alarm !== (main.dataset.alarm || "")) {
      main.dataset.alarm = alarm;
      main.dispatchEvent(new Event("live:alarm"));
    }
    const wrong = isWrong();
    const left = Array.from(main.querySelectorAll("[data-valid-until]")).filter((line) => {
      const until = Number(line.dataset.validUntil);
      const over = until > 0 ? wrong || until <= at : silent > FACTS && !line.dataset.house;
      // An emergency is never taken off the screen by time alone.
      line.dataset.over = over && !evacuation ? "yes" : "";
      return !line.dataset.over;
    }).length;
    if (!left && !evacuation) {
      doubted = doubted || wrong;
      slide("calm");
      // So that the house, when it is back, sends what it sent before.
      main.dataset.revision = "0";
    }
    const quiet = evacuation ? "" : silent > FACTS ? "long" : silent > FIGURES ? "yes" : "";
    // Other words are there then.
    const differs = left !== before || quiet !== html.dataset.silent;
    html.dataset.silent = quiet;
    if (differs) layOut();
    before = left;
    // Of when it is: its own line is cut, or whoever tells one of these facts is silent.
    const ages = Array.from(main.querySelectorAll("li[data-as-of]")).filter((line) => !line.dataset.over).map((line) => Number(line.dataset.asOf));
    if (silent > SAY_AGE && kept.heard) ages.push(kept.heard);
    stand.hidden = !ages.length;
    if (ages.length) {
      const when = hhmm(Math.min.apply(null, ages));
      stand.textContent = "Stand " + when + " · as of " + when;
    }
    // Of what may have changed since nobody counts down.
    each("[data-start]", (it) => {
      const minutes = Math.ceil((Number(it.dataset.start) - at) / 60000);
      it.hidden = !stand.hidden || !window.houseClock.isSure() || minutes < 1 || minutes > 60;
      it.textContent = "in " + minutes + " min";
    });
    // A time that nobody has measured is no time for people to go by, nor for the screen to go dark by.
    const time = window.houseClock.isSure() ? hhmm(at) : "";
    clock.textContent = time;
    const [from, until] = (main.dataset.dark || "-").split("-");
    const dark = time && (from > until ? time >= from || time < until : time >= from && time < until);
    const urgent = evacuation || screen().classList.contains("safety");
    html.dataset.dark = from && dark && !urgent && !main.dataset.out ? "yes" : "";
  };
  const hhmm = (at) => new Date(at).toLocaleTimeString("de", { hour: "2-digit", minute: "2-digit", timeZone: "Europe/Berlin" });

  // --- what fits: lines take turns, English and plain German take turns below the German

  // Which page of lines; how many there are; how often all of them were shown.
  let turn = 0;
  let many = 1;
  let round = 0;
  // What is played is not read: player.js says so.
  const lines = () => Array.from(main.querySelectorAll("li")).filter((line) => !line.dataset.over && !(screen().dataset.plays && line.dataset.media));
  const tooMuch = () => { const list = main.querySelector("ul"); return list.scrollHeight > list.clientHeight + 1; };
  const layOut = () => {
    const all = lines();
    const easy = main.querySelector(".easy") !== null;
    html.dataset.second = easy && round % 2 === 1 ? "easy" : "en";
    main.style.setProperty("--fit", "1");
    all.forEach((line) => { line.hidden = false; });
    let fit = 1;
    const shrink = () => { fit -= 0.05; main.style.setProperty("--fit", String(fit)); return fit; };
    if (isEvacuation() || screen().classList.contains("safety")) {
      urge(all, shrink);
      return;
    }
    // A warning stays above all that takes turns.
    const turning = all.filter((line) => !line.dataset.pinned);
    const pages = [[]];
    turning.forEach((line) => { line.hidden = true; });
    turning.forEach((line) => {
      line.hidden = false;
      pages[pages.length - 1].push(line);
      if (!tooMuch()) return;
      if (pages[pages.length - 1].length > 1) {
        pages[pages.length - 1].pop();
        pages[pages.length - 1].forEach((it) => { it.hidden = true; });
        pages.push([line]);
      }
      while (tooMuch() && fit > 0.4) shrink();
    });
    many = pages.length;
    const shown = pages[Math.min(turn, many - 1)];
    turning.forEach((line) => { line.hidden = shown.indexOf(line) < 0; });
  };

  // Where it is about people's safety no letter is smaller than it can be read from where they stand: what does not fit
  // takes turns. In an evacuation all slides begin with the first way out; if need be, the headline makes room there, and
  // from very far the way, too: the first slide has both. A long message is written as large as a second line, at last
  // without the headline, and in one language after the other.
  const LOOKS = ["dense", "bare", "only-german", "only-second"];
  const urge = (all, shrink) => {
    const says = (line) => line.classList.contains("line-notice");
    all.filter(says).forEach((line) => line.parentNode.appendChild(line));
    const order = all.filter((line) => !says(line)).concat(all.filter(says));
    const way = isEvacuation() ? order.shift() : null;
    const show = (slide) => {
      all.forEach((line) => { line.hidden = slide.lines.indexOf(line) < 0; });
      LOOKS.forEach((look) => screen().classList.toggle(look, slide.looks.indexOf(look) >= 0));
    };
    const fits = (slide) => {
      show(slide);
      return !tooMuch();
    };
    const slides = way ? [{ lines: [way], looks: [] }] : [];
    order.forEach((line) => {
      const last = slides[slides.length - 1];
      const more = last && !last.alone && { lines: last.lines.concat(line), looks: last.looks };
      if (more && fits(more)) {
        slides[slides.length - 1] = more;
        return;
      }
      const ways = way
        ? [{ lines: [way, line], looks: [] }, { lines: [way, line], looks: ["bare"] }, { lines: [line], looks: ["bare"] }]
        : [[], ["dense"], ["dense", "bare"]].map((looks) => ({ lines: [line], looks }));
      const found = ways.find(fits);
      const one = ways[ways.length - 1];
      if (found || way || !line.querySelector(".second")) slides.push(found || one);
      else ["only-german", "only-second"].forEach((look) => slides.push({ lines: [line], looks: one.looks.concat(look), alone: true }));
    });
    if (!slides.length) slides.push({ lines: [], looks: [] });
    while (!slides.every(fits) && shrink() > 0.4);
    many = slides.length;
    show(slides[Math.min(turn, many - 1)]);
  };

  // The house was renewed, or this monitor was set up otherwise: so is the page, once, while the line is good.
  const renew = (what, is) => {
    const once = "sky renewed " + what;
    if (!is || is === main.dataset[what] || sessionStorage.getItem(once) === is) return;
    sessionStorage.setItem(once, is);
    location.reload();
  };

  // --- what the house is told

  let told = "";
  const tell = () => {
    const revision = main.dataset.revision;
    // Of a dark screen nobody has read anything; once it is light again, the next beat says so.
    if (!main.dataset.shown || kept.alarm || revision === "0" || told === revision || html.dataset.dark) return;
    requestAnimationFrame(() => {
      if (html.dataset.dark) return;
      fetch(main.dataset.shown, { method: "POST", body: new URLSearchParams({ revision }), keepalive: true })
        .then((answer) => {
          if (answer.status === 401 || answer.status === 403) out(true);
          else if (answer.status < 500) told = revision;
          return answer.ok ? answer.text() : "";
        })
        .then((setup) => renew("setup", setup))
        .catch(() => {});
    });
  };

  // --- what is shown

  const shown = () => {
    keep({ revision: Number(main.dataset.revision), html: main.innerHTML, evacuation: isEvacuation() });
    turn = 0;
    round = 0;
    tidy();
    layOut();
    tell();
    renew("version", screen().dataset.version);
  };

  main.addEventListener("live:before", (event) => {
    const evacuates = event.detail.html.indexOf("screen evacuation") >= 0;
    // A drill is none: whoever ends it knows nothing of an alarm that was raised here.
    const earnest = evacuates && event.detail.html.indexOf('data-exercise="yes"') < 0;
    alarmed = alarmed || (earnest && event.detail.html !== kept.html);
    // Only something newer than an evacuation ends it. One that was raised here ends by the key, or becomes
    // the house's own.
    const stays = kept.evacuation && event.detail.revision <= kept.revision && !evacuates;
    const holds = kept.alarm && !earnest;
    if (holds) keep({ later: event.detail.html, laterRevision: event.detail.revision });
    else if (kept.alarm) keep({ alarm: 0 });
    if (stays || holds) event.preventDefault();
  });
  // A house whose database was restored from a copy remembers less than we do, and is right.
  main.addEventListener("live:anew", () => {
    keep({ revision: 0, evacuation: false });
    told = "";
  });
  main.addEventListener("live:update", shown);
  main.addEventListener("live:beat", (event) => {
    window.houseClock.hear(event.detail);
    // The house has just said the time, whatever this device took for it before.
    kept.heard = event.detail;
    if (doubted && !isWrong()) {
      doubted = false;
      main.liveAgain();
    }
    tell();
  });
  main.addEventListener("live:alive", () => {
    const wasSilent = performance.now() - heard > SAY_AGE;
    hear();
    out(false);
    if (wasSilent) tidy();
  });

  const raise = () => {
    alarmed = true;
    keep({ alarm: now(), later: main.innerHTML, laterRevision: Number(main.dataset.revision) });
    slide("evacuation");
    tidy();
    layOut();
  };
  addEventListener("keydown", (event) => {
    if (!main.dataset.shown) return;
    if (event.key === ALARM && !kept.alarm) raise();
    if (event.key === ALARM_RESET && kept.alarm) {
      const { later, laterRevision } = kept;
      keep({ alarm: 0, later: "" });
      main.liveShow(later, String(laterRevision));
      // The house may have said more since, to this page before it knew of the alarm.
      main.liveAgain();
    }
  });

  // --- a monitor that is no longer one of the house's

  const out = (is) => {
    if (is === Boolean(main.dataset.out)) return;
    main.dataset.out = is ? "yes" : "";
    document.querySelector(".out").hidden = !is;
    if (is && !isEvacuation()) {
      slide("calm");
      main.dataset.revision = "0";
    }
    if (is) ask();
    tidy();
    layOut();
  };
  // Its code for the front desk, until it has been typed there.
  const ask = () => {
    if (!main.dataset.out) return;
    fetch("/pair/state", { cache: "no-store" }).then((answer) => answer.json()).then((state) => {
      if (state.monitor) {
        lay(() => "{}");
        try { localStorage.removeItem(KEY); } catch (_) { /* Then there is nothing to forget. */ }
        location.replace(state.monitor);
      }
      document.querySelector(".out .claim").textContent = state.code || "";
    }).catch(() => {}).then(() => setTimeout(ask, 3000));
  };
  main.addEventListener("live:lost", () => {
    write();
    if (!main.dataset.shown) return;
    fetch(location.pathname, { method: "HEAD", cache: "no-store" })
      .then((answer) => { if (answer.status === 401 || answer.status === 403) out(true); })
      .catch(() => {});
  });

  // --- the beginning

  html.classList.add("fits");
  if (main.dataset.kept) {
    // How long it was silent nobody knows by a wrong clock: for too long.
    heard -= isWrong() ? FACTS + 1 : now() - (kept.heard || 0);
  } else {
    window.houseClock.hear(Number(main.dataset.now));
    hear();
  }
  if ("serviceWorker" in navigator && main.dataset.shown) {
    const policy = window.trustedTypes
      ? window.trustedTypes.createPolicy("worker", { createScriptURL: (url) => url })
      : { createScriptURL: (url) => url };
    navigator.serviceWorker.register(policy.createScriptURL("/worker.js")).catch(() => {});
  }
  // What the page came with: tidying up changes what it says.
  const brought = Number(main.dataset.revision);
  const begin = () => {
    if (kept.alarm) {
      slide("evacuation");
    } else if (kept.html && (main.dataset.kept || (kept.evacuation && !isEvacuation() && brought <= kept.revision))) {
      // The page came out of the cupboard, or is older than the evacuation that it knows nothing of.
      main.liveShow(kept.html, String(kept.revision));
      // The house hears what we have: perhaps it has begun anew.
      main.liveAgain();
    }
    if (!kept.alarm) shown();
    tidy();
    layOut();
  };
  begin();
  setInterval(tidy, 1000);
  setInterval(() => {
    turn += 1;
    // Every line in German first; the next time round there is the other language below it.
    if (turn >= many) { turn = 0; round += 1; }
    layOut();
  }, TURN);
  // Says again now and then what it shows; so it also hears when it was signed out.
  setInterval(() => { told = ""; }, TELL_AGAIN);
  if (document.fonts) document.fonts.ready.then(layOut);
  addEventListener("resize", layOut);
})();
