// The service worker of a paired monitor, of the phone at the door and of whoever may need the headcount: keeps their page
// with everything the page needs, and answers with it when the house does not. A screen that is switched on without
// network shows what it showed last.
"use strict";
const CUPBOARD = "sky-monitor";
const MEDIA = "sky-media";
const PATIENCE = 4000;
const KEPT_AT = "x-kept-at";

const DOOR = "/desk/door";
const SHEET = "/desk/headcount";
const isPage = (path) => path.startsWith("/monitor/") || path === "/pair" || path === DOOR || path === SHEET;

// The sheet is for who is signed in, and of no use to anybody when it is older than this.
const SHEET_IS_GOOD = 4 * 3600 * 1000;
// Whoever works at the desk has it, also when nobody has opened it before the network died.
const SHEET_AGAIN = 60 * 1000;
const SIGNING = ["/staff/sign-in", "/staff/sign-out"];
let signings = 0;
let sheetAskedAt = 0;
const forgetSheet = async () => {
  signings += 1;
  sheetAskedAt = 0;
  await (await caches.open(CUPBOARD)).delete(SHEET);
};

const needsOf = (text) => new Set(text.match(/\/static\/[\w.-]+(\?\w+)?/g) || []);
// What no page in the cupboard needs is of a release that is gone. Not while a page is put away: its files lie there before it.
let begun = 0;
let done = 0;
const sweep = async () => {
  const since = begun;
  const cupboard = await caches.open(CUPBOARD);
  const needed = new Set();
  const files = [];
  for (const it of await cupboard.keys()) {
    const { pathname, search } = new URL(it.url);
    if (pathname.startsWith("/static/")) files.push(pathname + search);
    else for (const need of needsOf(await (await cupboard.match(it)).text())) needed.add(need);
  }
  for (const file of files) if (!needed.has(file) && begun === since) await cupboard.delete(file);
};

// What a page needs goes in first, so that a page in the cupboard is always whole.
const put = async (path, answer) => {
  begun += 1;
  try {
    await putWhole(path, answer);
  } finally {
    done += 1;
  }
  if (done === begun) await sweep().catch(() => {});
};
const putWhole = async (path, answer) => {
  const text = await answer.clone().text();
  const cupboard = await caches.open(CUPBOARD);
  const needs = Array.from(needsOf(text));
  const missing = [];
  for (const need of needs) if (!(await cupboard.match(need))) missing.push(need);
  await cupboard.addAll(missing);
  const headers = new Headers(answer.headers);
  // They are about how it once came over the line.
  headers.delete("content-encoding");
  headers.delete("content-length");
  headers.set(KEPT_AT, String(Date.now()));
  await cupboard.put(path, new Response(text, { headers }));
};
const putSheet = async (answer, since) => {
  // Somebody has signed in or out meanwhile.
  if (since !== signings) return;
  await put(SHEET, answer);
  if (since !== signings) await forgetSheet();
};
const keepSheet = async () => {
  if (Date.now() - sheetAskedAt < SHEET_AGAIN) return;
  sheetAskedAt = Date.now();
  const since = signings;
  const answer = await fetch(SHEET, { cache: "no-store", redirect: "manual" });
  if (answer.ok) await putSheet(answer, since);
  // Signed out by time, or no longer allowed: then nobody here may read it. A house in trouble says nothing of that.
  else if (answer.status < 500) await forgetSheet();
};

const take = async (path) => {
  const cupboard = await caches.open(CUPBOARD);
  const found = await cupboard.match(path);
  if (path === "/pair") {
    // A screen begins here whether or not it is paired.
    const monitors = (await cupboard.keys()).map((it) => new URL(it.url).pathname).filter((it) => it.startsWith("/monitor/"));
    if (monitors.length) return Response.redirect(monitors[monitors.length - 1]);
  }
  if (!found) return null;
  // By the clock of this device, which may be wrong, but then both times are.
  const keptAt = Number(found.headers.get(KEPT_AT)) || 0;
  if (path === SHEET && !(Math.abs(Date.now() - keptAt) < SHEET_IS_GOOD)) {
    await forgetSheet();
    return null;
  }
  const text = await found.text();
  return new Response(text.replace(/<main(?=[ >])/, "<main data-kept=\"" + keptAt + "\""), { headers: found.headers });
};

const NOTHING = "<!doctype html><html lang=\"de\"><meta charset=\"utf-8\"><meta http-equiv=\"refresh\" content=\"5\"><title>Digital Sky</title><body bgcolor=\"#0b1026\" text=\"#f2f4ff\"><h1>Digital Sky</h1><p>Einen Moment bitte. <span lang=\"en\">One moment, please.</span></p>";

const page = async (request, path) => {
  let answer = null;
  const since = signings;
  try {
    const late = new Promise((_, fail) => setTimeout(fail, PATIENCE));
    answer = await Promise.race([fetch(request), late]);
  } catch (_) { /* The house does not answer. */ }
  if (answer && answer.ok) {
    const copy = answer.clone();
    return [answer, (path === SHEET ? putSheet(copy, since) : put(path, copy)).catch(() => {})];
  }
  // A redirect from /pair leads to the monitor, one from the door to signing in; one from the monitor, too, but no
  // screen can go there.
  const leadsOn = answer && answer.type === "opaqueredirect" && !path.startsWith("/monitor/");
  const refused = path === SHEET && answer && answer.status < 500;
  if (refused) await forgetSheet();
  if (leadsOn || refused) return [answer, null];
  return [(await take(path)) || answer || new Response(NOTHING, { headers: { "content-type": "text/html; charset=utf-8" } }), null];
};

// A picture or a film never changes under its address: what was fetched once is never asked for again. A film is
// asked for in parts, and kept whole.
const media = async (request, path) => {
  const cupboard = await caches.open(MEDIA);
  let whole = await cupboard.match(path);
  if (!whole) {
    whole = await fetch(path);
    if (!whole.ok) return whole;
    await cupboard.put(path, whole.clone()).catch(() => {});
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") || "");
  if (!range) return whole;
  const all = await whole.blob();
  const from = Number(range[1]);
  const last = Math.min(range[2] ? Number(range[2]) : all.size - 1, all.size - 1);
  if (from > last) return new Response(null, { status: 416, headers: { "content-range": "bytes */" + all.size } });
  const headers = { "content-type": whole.headers.get("content-type"), "content-range": "bytes " + from + "-" + last + "/" + all.size, "accept-ranges": "bytes" };
  return new Response(all.slice(from, last + 1), { status: 206, headers });
};

addEventListener("install", () => self.skipWaiting());
addEventListener("activate", (event) => {
  const keepOpenPages = async () => {
    await self.clients.claim();
    for (const client of await self.clients.matchAll({ includeUncontrolled: true })) {
      const path = new URL(client.url).pathname;
      if (!isPage(path)) continue;
      const answer = await fetch(path, { cache: "no-store", redirect: "manual" });
      if (answer.ok) await (path === SHEET ? putSheet(answer, signings) : put(path, answer));
    }
  };
  event.waitUntil(keepOpenPages().catch(() => {}));
});
addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method === "POST" && SIGNING.includes(url.pathname)) event.waitUntil(forgetSheet());
  if (event.request.method === "GET" && url.pathname === "/desk") event.waitUntil(keepSheet().catch(() => {}));
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate" && isPage(url.pathname)) {
    const answered = page(event.request, url.pathname);
    event.respondWith(answered.then(([answer]) => answer));
    event.waitUntil(answered.then(([, kept]) => kept));
  } else if (url.pathname.startsWith("/signage/media/")) {
    event.respondWith(media(event.request, url.pathname));
  } else if (url.pathname.startsWith("/static/")) {
    // Their address changes with their contents.
    event.respondWith(caches.open(CUPBOARD).then((cupboard) => cupboard.match(event.request)).then((found) => found || fetch(event.request)));
  }
});
