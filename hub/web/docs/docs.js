// The API, from its own description: nothing here knows an address by name. Text goes in as text, never as HTML.
const WORDS = {
	fr: {
		title: "API de Matinales Hub", lead: "Chaque adresse, ce qu’elle prend, ce qu’elle répond. « Essayer » envoie la requête avec la session de ce navigateur.",
		search: "Chercher une adresse", parameters: "Paramètres", body: "Contenu", answers: "Réponses", schema: "Forme", attempt: "Essayer", needs: "Rôle requis : ",
		anybody: "tout le monde", required: "obligatoire", sent: "Requête : ", waiting: "…", failed: "Pas de réponse : le hub est-il lancé ?", found: ["adresse", "adresses"],
		documents: "Descriptions : ", back: "Retour à la page", tags: "Sujets", asks: "Cette requête change quelque chose. L’envoyer ?",
	},
	en: {
		title: "API of Matinales Hub", lead: "Each address, what it takes, what it answers. “Try it” sends the request with this browser’s session.",
		search: "Look for an address", parameters: "Parameters", body: "Body", answers: "Answers", schema: "Shape", attempt: "Try it", needs: "Role needed: ",
		anybody: "anybody", required: "required", sent: "Request: ", waiting: "…", failed: "No answer: is the hub running?", found: ["address", "addresses"],
		documents: "Descriptions: ", back: "Back to the page", tags: "Topics", asks: "This request changes something. Send it?",
	},
};
const say = WORDS[document.documentElement.lang] ?? WORDS.en;
const METHODS = ["get", "post", "put", "patch", "delete"];
let api;
let number = 0;

/** Makes an element: its attributes, then its children; strings are text. */
function make(name, attributes = {}, ...children) {
	const element = document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
		else if (value !== undefined && value !== null) element.setAttribute(key, value);
	}
	element.append(...children);
	return element;
}

/** What a topic is called in the reader's language. */
const titled = (tag) => tag["x-title"]?.[document.documentElement.lang] ?? tag.description;

const resolved = (schema) => (schema?.$ref ? api.components.schemas[schema.$ref.split("/").pop()] : schema) ?? {};

/** Words in which what stands between grave accents is code. */
const rich = (text) => text.split("`").map((piece, at) => (at % 2 ? make("code", {}, piece) : piece));

/** A schema as one reads it: names and types, three levels deep. */
function shape(schema, depth = 0, pad = "") {
	const known = resolved(schema);
	const any = known.anyOf ?? known.oneOf;
	if (any) return [...new Set(any.map((each) => shape(each, depth, pad)))].join(" | ");
	if (known.const !== undefined) return JSON.stringify(known.const);
	if (known.enum) return known.enum.map((each) => JSON.stringify(each)).join(" | ");
	if (known.type === "array") return `[${shape(known.items ?? {}, depth, pad)}, …]`;
	if (known.properties && depth < 3) {
		const inner = `${pad}  `;
		const needed = new Set(known.required ?? []);
		const lines = Object.entries(known.properties).map(([key, each]) => `${inner}${key}${needed.has(key) ? "" : "?"}: ${shape(each, depth + 1, inner)}`);
		return `{\n${lines.join("\n")}\n${pad}}`;
	}
	if (known.additionalProperties && typeof known.additionalProperties === "object") return `{…: ${shape(known.additionalProperties, depth + 1, pad)}}`;
	return known.format ?? (Array.isArray(known.type) ? known.type.join(" | ") : known.type) ?? "…";
}

/** A value to begin with. */
function sample(schema, depth = 0) {
	const known = resolved(schema);
	if (known.examples) return known.examples[0];
	if (known.default !== undefined) return known.default;
	if (known.enum) return known.enum[0];
	const any = known.anyOf ?? known.oneOf;
	if (any) return sample(any[0], depth);
	if (known.type === "object") {
		const names = known.required ?? [];
		return depth > 2 ? {} : Object.fromEntries(names.map((name) => [name, sample(known.properties?.[name], depth + 1)]));
	}
	return { string: "", integer: 0, number: 0, boolean: true, array: [], null: null }[known.type] ?? null;
}

function field(each) {
	const id = `f${++number}`;
	const choices = each.schema.enum;
	const input = choices
		? make("select", { id }, make("option", { value: "" }, "—"), ...choices.map((one) => make("option", { value: one }, String(one))))
		: make("input", { id, type: "text", placeholder: each.schema.examples?.[0] ?? each.schema.default ?? "", autocomplete: "off", spellcheck: "false" });
	const { minimum, maximum } = each.schema;
	const bounds = maximum === undefined ? "" : `${minimum} – ${maximum}`;
	const told = [each.in, choices ? "" : shape(each.schema), bounds, each.required ? say.required : "", each.description].filter(Boolean).join(" · ");
	return { each, input, row: make("tr", {}, make("th", { scope: "row" }, make("label", { for: id }, make("code", {}, each.name))), make("td", {}, input, make("small", {}, ...rich(told)))) };
}

async function attempt(method, path, fields, body, media, out) {
	const query = new URLSearchParams();
	const headers = { Accept: "application/json, */*;q=0.5", "Accept-Language": document.documentElement.lang };
	let address = path;
	for (const { each, input } of fields) {
		if (each.in === "path") address = address.replace(`{${each.name}}`, encodeURIComponent(input.value));
		else if (input.value && each.in === "query") query.set(each.name, input.value);
		else if (input.value) headers[each.name] = input.value;
	}
	if (query.size) address += `?${query}`;
	if (body) headers["Content-Type"] = media;
	out.replaceChildren(make("p", {}, say.waiting));
	try {
		const answer = await fetch(address, { method: method.toUpperCase(), headers, body: body?.value || undefined, credentials: "same-origin" });
		const kind = answer.headers.get("Content-Type") ?? "";
		let text = kind.startsWith("image/") || kind.includes("pdf") ? `(${kind})` : await answer.text();
		if (kind.includes("json")) text = JSON.stringify(JSON.parse(text), null, 2);
		out.replaceChildren(
			make("p", { class: answer.ok ? "" : "bad" }, `${answer.status} ${answer.statusText} · ${kind}`),
			make("p", {}, make("small", {}, `${say.sent}${method.toUpperCase()} ${address}`)),
			make("pre", { tabindex: "0", "aria-label": say.answers }, text.slice(0, 100_000)),
		);
	} catch {
		out.replaceChildren(make("p", { class: "bad" }, say.failed));
	}
}

/** What stands in an operation once it is opened. */
function inside(method, path, operation) {
	const fields = operation.parameters.map(field);
	const [media, taken] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
	const body = media && !media.startsWith("image/") ? make("textarea", { id: `b${++number}`, spellcheck: "false" }) : null;
	if (body && taken.schema.$ref) body.value = JSON.stringify(sample(taken.schema), null, 2);
	const out = make("div", { "aria-live": "polite" });
	const roles = operation.security.length ? operation.security.map((each) => Object.keys(each)[0]).join(", ") : say.anybody;
	const press = () => {
		if (method === "get" || confirm(say.asks)) attempt(method, path, fields, body, media, out);
	};
	return make(
		"div",
		{},
		...(operation.description ? [make("p", { lang: "en" }, ...rich(operation.description))] : []),
		make("p", {}, make("small", {}, `${say.needs}${roles}`)),
		...(fields.length ? [make("h3", {}, say.parameters), make("table", {}, make("tbody", {}, ...fields.map(({ row }) => row)))] : []),
		...(body ? [make("h3", {}, make("label", { for: body.id }, `${say.body} (${media})`)), body] : []),
		...(body && taken.schema.$ref ? [make("pre", { tabindex: "0", "aria-label": say.schema }, shape(taken.schema))] : []),
		make("h3", {}, say.answers),
		...Object.entries(operation.responses).flatMap(([status, said]) => {
			const line = make("p", {}, make("b", {}, status), ` `, ...rich(said.description), " ", make("small", {}, Object.keys(said.content ?? {}).join(", ")));
			const schema = said.content?.["application/json"]?.schema;
			return schema ? [line, make("pre", { tabindex: "0", "aria-label": `${say.schema} ${status}` }, shape(schema))] : [line];
		}),
		make("p", {}, make("button", { type: "button", onclick: press }, say.attempt)),
		out,
	);
}

function operationView(method, path, operation) {
	const view = make(
		"details",
		{ id: operation.operationId, "data-words": `${method} ${path} ${operation.summary}`.toLowerCase() },
		make("summary", {}, make("b", {}, method.toUpperCase()), make("code", {}, path), make("span", { lang: "en" }, ...rich(operation.summary))),
	);
	view.addEventListener("toggle", () => {
		if (view.open && view.children.length === 1) view.append(inside(method, path, operation));
	});
	return view;
}

function show() {
	const byTag = new Map(api.tags.map((tag) => [tag.name, []]));
	for (const [path, item] of Object.entries(api.paths))
		for (const method of METHODS) if (item[method]) byTag.get(item[method].tags[0])?.push(operationView(method, path, item[method]));
	const count = make("small", { role: "status" });
	const look = make("input", { type: "search", id: "search", autocomplete: "off" });
	const sections = api.tags.map((tag) => make("section", { id: tag.name, "aria-labelledby": `t-${tag.name}` }, make("h2", { id: `t-${tag.name}` }, titled(tag)), ...byTag.get(tag.name)));
	const links = new Map(api.tags.map((tag) => [tag.name, make("li", {}, make("a", { href: `#${tag.name}` }, titled(tag)))]));
	const filter = () => {
		const words = look.value.toLowerCase().split(/\s+/);
		let shown = 0;
		for (const section of sections) {
			const views = [...section.querySelectorAll("details")];
			for (const view of views) view.hidden = !words.every((word) => view.dataset.words.includes(word));
			section.hidden = views.every((view) => view.hidden);
			links.get(section.id).hidden = section.hidden;
			shown += views.filter((view) => !view.hidden).length;
		}
		count.textContent = `${shown} ${say.found[shown === 1 ? 0 : 1]}`;
	};
	look.addEventListener("input", filter);
	document.title = say.title;
	const documents = ["openapi.json", "asyncapi.json"].map((name) => make("a", { href: `/api/v1/${name}` }, name));
	document.body.replaceChildren(
		make("header", {}, make("h1", {}, say.title), make("p", {}, say.lead), make("p", {}, say.documents, documents[0], ", ", documents[1], ` · ${api.info.version} · `, make("a", { href: "/" }, say.back)), make("label", { for: "search" }, say.search), look, count),
		make("nav", { "aria-label": say.tags }, make("ul", {}, ...links.values())),
		make("main", {}, ...sections),
	);
	filter();
}

fetch("/api/v1/openapi.json")
	.then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error(answer.statusText))))
	.then(
		(found) => {
			api = found;
			show();
		},
		() => {
			document.querySelector("[role=status]").textContent = say.failed;
		},
	);
