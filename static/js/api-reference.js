// Shows the OpenAPI document with Swagger UI, vendored and loaded before this module; knows nothing of single calls.

const host = document.getElementById("reference");
const darkness = matchMedia("(prefers-color-scheme: dark)");

function followTheme() {
  const chosen = document.documentElement.dataset.theme;
  document.documentElement.classList.toggle("dark-mode", chosen ? chosen === "dark" : darkness.matches);
}

function showFailure(reason) {
  const message = document.createElement("p");
  message.className = "message error";
  message.setAttribute("role", "alert");
  const title = document.createElement("strong");
  title.textContent = "The reference could not be shown.";
  message.append(title, ` ${reason} The document itself: ${host.dataset.document}`);
  host.replaceChildren(message);
  document.body.dataset.state = "error";
}

async function showReference() {
  const answer = await fetch(host.dataset.document);
  if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
  window.SwaggerUIBundle({
    spec: await answer.json(),
    domNode: host,
    deepLinking: false, // would put links inside buttons, which keyboards and screen readers cannot tell apart
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    syntaxHighlight: false, // its colours are too faint for text
    validatorUrl: null, // never asks another host about the document
    onComplete: () => { document.body.dataset.state = "ready"; },
  });
}

followTheme();
darkness.addEventListener("change", followTheme);
new MutationObserver(followTheme).observe(document.documentElement, { attributeFilter: ["data-theme"] });
showReference().catch((error) => showFailure(error.message));
