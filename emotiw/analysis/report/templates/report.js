"use strict";
(() => {
  // a slider over lines: where it stands, and what was annotated and said there
  for (const figure of document.querySelectorAll("figure.traces")) {
    const values = JSON.parse(figure.dataset.values), names = JSON.parse(figure.dataset.names);
    const [left, right] = [figure.dataset.left, figure.dataset.right].map(Number);
    const slider = figure.querySelector("input"), told = figure.querySelector("output");
    const marks = [...figure.querySelectorAll("svg")].map((svg) => {
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "now"); line.setAttribute("y1", 12); line.setAttribute("y2", 254);
      svg.append(line);
      return line;
    });
    const times = values.t.map((each) => each[0]), first = Math.min(...times), room = (Math.max(...times) - first) * 0.05;
    const show = () => {
      const at = Number(slider.value), share = (times[at] - first + room) / (Math.max(...times) - first + 2 * room || 1);
      for (const line of marks) for (const end of ["x1", "x2"]) line.setAttribute(end, left + share * (right - left));
      const text = (number) => number === null ? "not annotated" : number.toFixed(2);
      told.textContent = times[at].toFixed(2) + " s: " + names.map((name, n) => `${name} ${text(values.told[at][n])}, said ${text(values.said[at][n])}`).join("; ");
    };
    slider.addEventListener("input", show);
    show();
  }
  const data = JSON.parse(document.getElementById("data").textContent);
  if (!document.getElementById("clips")) return;
  const isLabel = data.task === "classification";
  const PAGE = 24;
  const make = (tag, props = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name === "class") element.className = value;
      else if (name in element && name !== "style" && name !== "list") element[name] = value;
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };
  const percent = (thousandths) => (thousandths / 10).toFixed(thousandths >= 100 ? 0 : 1) + " %";
  const top = (scores) => scores === null ? -1 : scores.indexOf(Math.max(...scores));
  const last = data.models.length - 1;
  // the fusion first: on a phone the rest may be out of sight
  const ranked = data.models.map((name, m) => m).sort((a, b) => (data.models[b] === "fused") - (data.models[a] === "fused"));
  const alone = data.models.map((name, m) => m).filter((m) => data.models[m] !== "fused");

  for (const clip of data.clips) {
    clip.tops = clip.s.map((scores) => isLabel ? top(scores) : (scores === null ? -1 : 0));
    const known = alone.map((m) => clip.tops[m]).filter((t) => t >= 0);
    clip.differ = isLabel && new Set(known).size > 1;
    clip.lacks = alone.some((m) => clip.tops[m] < 0) || "note" in clip;
  }
  const isWrong = (clip, m) => clip.y !== null && m >= 0 && clip.tops[m] !== clip.y;
  const isRight = (clip, m) => clip.y !== null && m >= 0 && clip.tops[m] === clip.y;
  const error = (clip, m) => clip.y === null || m < 0 || clip.s[m] === null ? -1 : Math.abs(clip.s[m][0] - clip.y);
  const KINDS = isLabel
    ? [["all", "All", () => true], ["wrong", "Wrong", (c, m) => isWrong(c, m)], ["right", "Right", (c, m) => isRight(c, m)],
       ...(data.models.length > 1 ? [["only", "Right by this alone", (c, m) => isRight(c, m) && c.tops.every((t, o) => o === m || t !== c.y)]] : []),
       ["differ", "Models disagree", (c) => c.differ], ["lacks", "Missing modality", (c) => c.lacks]]
    : [["all", "All", () => true], ["lacks", "Missing modality", (c) => c.lacks]];
  const sets = data.sets.map((each) => new Set(each.clips.map((place) => data.clips[place])));
  const splits = [...new Set(data.clips.map((c) => c.split))];
  const state = { kind: "all", by: last, split: splits.includes(data.judged) ? data.judged : "", truth: "", given: "", set: "", text: "", order: "id", shown: PAGE };

  const browser = document.getElementById("browser");
  const list = make("ul", { class: "clips" });
  const count = make("p", { role: "status", "aria-live": "polite", id: "count" });
  const more = make("button", { type: "button", class: "more" }, "Show more");
  const chips = {};
  const pick = (label, name, options) => {
    const select = make("select", { id: "pick-" + name });
    for (const [value, text] of options) select.append(make("option", { value }, text));
    select.value = String(state[name]);
    select.addEventListener("change", () => { state[name] = name === "by" ? Number(select.value) : select.value; update(); });
    return make("label", { htmlFor: select.id }, label, select);
  };
  const controls = make("div", { class: "filters", role: "search", "aria-label": "Which clips to show" });
  const kinds = make("fieldset", {}, make("legend", {}, "Show"));
  for (const [kind, text] of KINDS) {
    chips[kind] = make("button", { type: "button", class: "chip", id: "kind-" + kind });
    chips[kind].dataset.text = text;
    chips[kind].addEventListener("click", () => { state.kind = kind; update(); });
    kinds.append(chips[kind]);
  }
  if (data.models.length) controls.append(kinds);
  if (data.models.length > 1) controls.append(pick("as judged by", "by", data.models.map((n, m) => [m, n])));
  if (splits.length > 1) controls.append(pick("split", "split", [["", "all"], ...splits.map((s) => [s, s])]));
  if (isLabel) {
    const labels = data.labels.map((l, i) => [i, l]);
    controls.append(pick("true label", "truth", [["", "any"], ...labels]));
    if (data.models.length) controls.append(pick("predicted", "given", [["", "any"], ...labels, [-1, "no score"]]));
  }
  if (sets.length) controls.append(pick("finding", "set", [["", "any"], ...data.sets.map((each, n) => [n, `${each.name} (${each.clips.length.toLocaleString("en")})`])]));
  if (data.models.length) controls.append(pick("order", "order", [["id", "by name"], ["sure", isLabel ? "surest mistakes first" : "largest errors first"]]));
  const search = make("input", { type: "search", id: "search" });
  search.addEventListener("input", () => { state.text = search.value.toLowerCase(); update(); });
  controls.append(make("label", { htmlFor: "search" }, "name or group", search));
  const save = make("a", { class: "save", id: "save", href: "#" }, "Save as CSV");
  browser.append(controls, make("div", { class: "counted" }, count, save), list, more);
  more.addEventListener("click", () => {
    const before = list.children.length;
    state.shown += PAGE;
    draw();
    list.children[before]?.querySelector("summary").focus();
  });

  const fits = (clip) =>
    (state.set === "" || sets[Number(state.set)].has(clip)) &&
    (!state.split || clip.split === state.split) &&
    (state.truth === "" || clip.y === Number(state.truth)) &&
    (state.given === "" || clip.tops[state.by] === Number(state.given)) &&
    (!state.text || (clip.id + " " + (clip.g ?? "")).toLowerCase().includes(state.text));
  const surety = (clip) => isLabel
    ? (isWrong(clip, state.by) ? 1 : 0) + (clip.s[state.by] === null ? 0 : Math.max(...clip.s[state.by]) / 2000)
    : error(clip, state.by);
  let found = [];
  const update = () => {
    const some = data.clips.filter(fits);
    for (const [kind, , test] of KINDS) {
      const n = some.filter((clip) => test(clip, state.by)).length;
      chips[kind].textContent = `${chips[kind].dataset.text} (${n.toLocaleString("en")})`;
      chips[kind].setAttribute("aria-pressed", String(kind === state.kind));
    }
    const test = KINDS.find(([kind]) => kind === state.kind)[2];
    found = some.filter((clip) => test(clip, state.by));
    if (state.order === "sure") found.sort((a, b) => surety(b) - surety(a));
    state.shown = PAGE;
    list.replaceChildren();
    draw();
  };
  const quoted = (value) => /[",\r\n]/.test(value) ? '"' + value.replaceAll('"', '""') + '"' : value;
  const table = () => {
    const said = (clip) => state.by < 0 || clip.s[state.by] === null ? "" : isLabel ? data.labels[clip.tops[state.by]] : String(clip.s[state.by][0]);
    const given = (clip) => clip.y === null ? "" : isLabel ? data.labels[clip.y] : String(clip.y);
    const head = ["clip_id", "split", "group", isLabel ? "label" : "target", "prediction"];
    const rows = found.map((clip) => [clip.id, clip.split, clip.g ?? "", given(clip), said(clip)]);
    return [head, ...rows].map((row) => row.map(quoted).join(",") + "\n").join("");
  };
  let address = "";
  save.addEventListener("click", () => {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
    save.href = address;
    save.download = `${data.name}_${found.length}_clips.csv`.replace(/[^\w.+-]+/g, "_");
  });
  const draw = () => {
    for (const clip of found.slice(list.children.length, state.shown)) list.append(card(clip));
    more.hidden = list.children.length >= found.length;
    save.hidden = found.length === 0;
    save.textContent = `Save ${found.length === 1 ? "this id" : `these ${found.length.toLocaleString("en")} ids`} as CSV`;
    const shown = list.children.length;
    count.textContent = found.length === 0 ? "No clip fits."
      : `${found.length.toLocaleString("en")} of ${data.clips.length.toLocaleString("en")} clips` + (shown < found.length ? `, ${shown} shown` : "");
  };
  const told = (clip) => {
    const lines = [];
    if (clip.y !== null) lines.push(make("div", {}, isLabel ? "true: " + data.labels[clip.y] : "true: " + clip.y));
    if (state.by >= 0) {
      const scores = clip.s[state.by];
      const who = data.models[state.by];
      if (scores === null) lines.push(make("div", { class: "gap" }, who + ": no score"));
      else if (!isLabel) lines.push(make("div", {}, `${who}: ${scores[0]}`));
      else {
        const given = clip.tops[state.by];
        const mark = clip.y === null ? "" : given === clip.y ? "✓ " : "✗ ";
        lines.push(make("div", { class: clip.y === null ? "" : given === clip.y ? "ok" : "bad" },
          `${mark}${who}: ${data.labels[given]} ${percent(scores[given])}`));
      }
    }
    if (clip.note) lines.push(make("div", { class: "gap" }, clip.note));
    return make("div", { class: "verdict" }, make("div", { class: "id" }, clip.id),
      make("div", { class: "soft" }, clip.split + (clip.g ? " · " + clip.g : "")), ...lines);
  };
  const mini = (clip, m) => {
    const bars = make("div", {});
    const scores = clip.s[m];
    if (scores === null) bars.append(make("span", { class: "gap" }, "–"));
    else if (isLabel) scores.forEach((score, l) => {
      const kind = l === clip.y ? "hit" : l === clip.tops[m] ? (clip.y === null ? "" : "miss") : "";
      bars.append(make("i", { class: kind, style: `height:${score / 10}%`, title: `${data.labels[l]} ${percent(score)}` }));
    });
    else bars.append(make("span", {}, String(scores[0])));
    bars.setAttribute("role", "img");
    bars.setAttribute("aria-label", scores === null ? "no score" : isLabel ? `${data.labels[clip.tops[m]]} ${percent(scores[clip.tops[m]])}` : String(scores[0]));
    return make("div", { class: "mini" }, bars, data.models[m]);
  };
  const detail = (clip) => {
    const parts = [];
    const sound = data.sounds[clip.id];
    if (sound) parts.push(make("audio", { controls: true, preload: "metadata", src: `data:${data.sound_type};base64,${sound}`, "aria-label": "Sound of " + clip.id }));
    if (isLabel && data.models.length) {
      const head = make("tr", {}, make("th", { scope: "col" }, "label"), ...ranked.map((m) => make("th", { scope: "col", class: "num" }, data.models[m])));
      const rows = data.labels.map((label, l) => make("tr", { class: l === clip.y ? "true" : "" },
        make("th", { scope: "row" }, label + (l === clip.y ? " (true)" : "")),
        ...ranked.map((m) => clip.s[m] === null ? make("td", { class: "num gap" }, "–")
          : make("td", { class: "bar num" + (l === clip.tops[m] ? " top" : "") }, make("i", { style: `width:${clip.s[m][l] / 10}%` }), make("b", {}, percent(clip.s[m][l]))))));
      parts.push(make("div", { class: "scroll", tabIndex: 0, role: "region", "aria-label": "Scores of " + clip.id },
        make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
    }
    return make("div", { class: "detail" }, ...parts);
  };
  const moving = (clip) => {
    const video = make("video", { class: "preview", muted: true, loop: true, playsInline: true, preload: "none", poster: "data:image/webp;base64," + data.strips[clip.id], src: `data:${data.video_type};base64,${data.videos[clip.id]}`, "aria-label": "Silent video of " + clip.id });
    video.setAttribute("muted", "");
    return video;
  };
  const card = (clip) => {
    const strip = data.strips[clip.id];
    const video = clip.id in data.videos ? moving(clip) : null;
    const faces = video ?? (strip ? make("img", { class: "strip", src: "data:image/webp;base64," + strip, alt: "Faces of " + clip.id })
      : make("span", { class: "nostrip" }, Object.keys(data.strips).length ? "no picture" : ""));
    const minis = make("div", { class: "minis" }, ...ranked.map((m) => mini(clip, m)));
    const summary = make("summary", {}, told(clip), faces, minis);
    const box = make("details", {}, summary);
    const play = () => { if (video) video.play().catch(() => {}); };
    const rest = () => { if (video && !box.open) video.pause(); };
    for (const event of ["pointerenter", "focus"]) summary.addEventListener(event, play);
    for (const event of ["pointerleave", "blur"]) summary.addEventListener(event, rest);
    box.addEventListener("toggle", () => {
      if (box.open && box.children.length === 1) box.append(detail(clip));
      if (box.open) play(); else rest();
    });
    const item = make("li", { class: "clip" }, box);
    item.dataset.id = clip.id;
    return item;
  };
  list.addEventListener("keydown", (event) => {
    if (event.target.tagName !== "SUMMARY" || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    const item = event.target.closest("li");
    const next = event.key === "ArrowDown" ? item.nextElementSibling : item.previousElementSibling;
    if (next) { next.querySelector("summary").focus(); event.preventDefault(); }
  });

  for (const matrix of document.querySelectorAll(".matrix")) {
    const rows = [...matrix.tBodies[0].rows].map((row) => [...row.querySelectorAll("button")]);
    rows[0][0].tabIndex = 0;
    const moves = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
    matrix.addEventListener("keydown", (event) => {
      const move = moves[event.key];
      if (!move) return;
      const r = rows.findIndex((row) => row.includes(event.target));
      const next = rows[r + move[0]]?.[rows[r].indexOf(event.target) + move[1]];
      event.preventDefault();
      if (!next) return;
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
    matrix.addEventListener("click", (event) => {
      const cell = event.target.closest("button");
      if (cell) jump({ by: data.models.indexOf(matrix.dataset.model), truth: cell.dataset.truth, given: cell.dataset.given });
    });
  }
  for (const button of document.querySelectorAll("button.show"))
    button.addEventListener("click", () => {
      const place = data.sets.findIndex((each) => each.name === button.dataset.set);
      jump({ set: String(place), order: "sure" });
    });
  const jump = (wanted) => {
    Object.assign(state, { kind: "all", truth: "", given: "", set: "", split: data.judged, text: "" }, wanted);
    for (const name of ["by", "truth", "given", "set", "split", "order"]) {
      const select = document.getElementById("pick-" + name);
      if (select) select.value = String(state[name]);
    }
    search.value = "";
    update();
    document.getElementById("clips").scrollIntoView();
    (chips.all ?? search).focus({ preventScroll: true });
  };
  update();
})();
