// Shows the echo of one WebSocket message, and every event.
const show = (id, text) => { document.getElementById(id).textContent = text; };
const socket = new WebSocket(location.origin.replace(/^http/, "ws") + "/ws");
socket.onopen = () => socket.send("hello through the gateway");
socket.onmessage = (message) => show("socket", "echo: " + message.data);
socket.onerror = () => show("socket", "failed");
const events = new EventSource("/events?interval=200");
events.onmessage = (event) => show("events", event.data);
events.onerror = () => show("events", "failed");
