// Where the phone at the door lays each scan before it says its verdict: a record of its own, which is on the disk once it is
// laid. What a browser is given to keep elsewhere comes to the disk up to a minute later, the later the more it is. A record
// says whom the scan let in or out, and what the house has yet to be told of it. ES2017, because phones are old.
"use strict";
(() => {
  // People are waiting for the verdict: longer than this no disk takes that will ever answer.
  const PATIENCE = 1500;
  const opened = new Promise((found, missing) => {
    const asked = indexedDB.open("sky door", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("scans", { keyPath: "nonce" });
    asked.onsuccess = () => found(asked.result);
    asked.onerror = () => missing(asked.error);
  });
  const act = (mode, work) => {
    const done = opened.then((it) => new Promise((found, missing) => {
      const transaction = it.transaction("scans", mode, { durability: "strict" });
      const asked = work(transaction.objectStore("scans"));
      transaction.oncomplete = () => found(asked ? asked.result : null);
      transaction.onabort = () => missing(transaction.error);
    }));
    const late = new Promise((_, missing) => setTimeout(() => missing(new Error("the disk does not answer")), PATIENCE));
    return Promise.race([done, late]);
  };
  window.doorSafe = {
    lay: (scan) => act("readwrite", (scans) => { scans.put(scan); }),
    change: (nonce, changes) => act("readwrite", (scans) => {
      const asked = scans.get(nonce);
      asked.onsuccess = () => scans.put(Object.assign({ nonce }, asked.result, changes));
    }),
    all: () => act("readonly", (scans) => scans.getAll()),
    drop: (nonces) => act("readwrite", (scans) => { nonces.forEach((nonce) => scans.delete(nonce)); }),
  };
})();
