// Keeps the page current: every status event asks for the fragment again. Without events the page says so.
"use strict";
const link = document.getElementById("link");
const events = new EventSource("/api/v1/events");
let busy = false, again = false;

async function refresh() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch("/fragment");
    if (answer.ok) document.getElementById("status").innerHTML = await answer.text();
  } finally {
    busy = false;
    if (again) { again = false; refresh(); }
  }
}

events.addEventListener("status", refresh);
events.onopen = () => { link.textContent = "live"; link.className = ""; };
events.onerror = () => { link.textContent = "not live: the program does not answer"; link.className = "lost"; };
