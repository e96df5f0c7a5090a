// Finds what a screen reader finds: elements by role and name. Injected by tests/src/page.rs.
// It knows the roles and names this window uses; it is not a whole accessibility tree.
(function () {
  if (window.__page) return;

  const inputs = {
    search: 'searchbox', checkbox: 'checkbox', radio: 'radio', button: 'button', submit: 'button',
    range: 'slider', number: 'spinbutton', file: 'file', hidden: 'none',
  };
  const tags = {
    button: 'button', textarea: 'textbox', nav: 'navigation', main: 'main', aside: 'complementary',
    ul: 'list', ol: 'list', menu: 'list', li: 'listitem', dialog: 'dialog', img: 'img',
    option: 'option', form: 'form', header: 'banner', footer: 'contentinfo', fieldset: 'group',
    article: 'article', table: 'table', h1: 'heading', h2: 'heading', h3: 'heading',
    h4: 'heading', output: 'status', progress: 'progressbar', details: 'group', summary: 'button',
  };
  const named = new Set([
    'button', 'link', 'option', 'heading', 'tab', 'menuitem', 'menuitemradio', 'menuitemcheckbox',
    'checkbox', 'radio', 'switch', 'cell', 'row', 'tooltip', 'treeitem', 'listitem',
  ]);

  function role(el) {
    const given = (el.getAttribute('role') || '').trim().split(/\s+/)[0];
    if (given) return given;
    const tag = el.tagName.toLowerCase();
    if (tag === 'a') return el.hasAttribute('href') ? 'link' : '';
    if (tag === 'input') return inputs[el.type] || 'textbox';
    if (tag === 'select') return el.multiple || el.size > 1 ? 'listbox' : 'combobox';
    if (tag === 'section') {
      return el.hasAttribute('aria-label') || el.hasAttribute('aria-labelledby') ? 'region' : '';
    }
    if (el.isContentEditable && el.getAttribute('contenteditable') !== null) return 'textbox';
    return tags[tag] || '';
  }

  function shown(el) {
    if (!el.isConnected) return false;
    if (el.closest('[aria-hidden="true"], [inert]')) return false;
    // What lies behind a modal dialog cannot be reached by anybody.
    const modals = [...document.querySelectorAll('dialog:modal')];
    const front = modals[modals.length - 1];
    if (front && !front.contains(el)) return false;
    return el.checkVisibility({ visibilityProperty: true });
  }

  // What a part of the page says. A label stands for its element in a name, and in what is said
  // only where there are no words, as on a sign.
  function text(node, naming = true) {
    if (node.nodeType === Node.TEXT_NODE) return node.data;
    if (node.nodeType !== Node.ELEMENT_NODE) return '';
    if (node.getAttribute('aria-hidden') === 'true') return '';
    if (!node.checkVisibility({ visibilityProperty: true })) return '';
    const label = node.getAttribute('aria-label');
    if (label && (naming || !node.textContent.trim())) return ` ${label} `;
    if (node.tagName === 'IMG') return ` ${node.alt} `;
    const inner = [...node.childNodes].map((child) => text(child, naming)).join('');
    return getComputedStyle(node).display.startsWith('inline') ? inner : ` ${inner} `;
  }

  const tidy = (words) => words.replace(/\s+/g, ' ').trim();

  function name(el) {
    const by = el.getAttribute('aria-labelledby');
    if (by) {
      const parts = by.split(/\s+/).map((id) => document.getElementById(id)).filter(Boolean);
      return tidy(parts.map((part) => part.getAttribute('aria-label') || part.textContent).join(' '));
    }
    const label = el.getAttribute('aria-label');
    if (label) return tidy(label);
    if (el.labels && el.labels.length) return tidy([...el.labels].map((part) => text(part)).join(' '));
    if (el.tagName === 'IMG') return tidy(el.alt);
    if (el.tagName === 'FIELDSET') {
      const legend = el.querySelector('legend');
      if (legend) return tidy(text(legend));
    }
    if (named.has(role(el))) {
      const own = tidy([...el.childNodes].map((part) => text(part)).join(''));
      if (own) return own;
    }
    return tidy(el.getAttribute('title') || el.getAttribute('placeholder') || '');
  }

  function matches(el, wanted) {
    if (role(el) !== wanted.role || !shown(el)) return false;
    if (wanted.is === null && wanted.has === null) return true;
    const found = name(el);
    return wanted.is !== null ? found === wanted.is : found.includes(wanted.has);
  }

  function all(root, wanted) {
    return [...root.querySelectorAll('*')].filter((el) => matches(el, wanted));
  }

  // Calls back as soon as `look` has an answer; the page tells of each change.
  function whenever(look, limit, done) {
    let over = false;
    const end = (answer) => {
      if (over) return;
      over = true;
      watch.disconnect();
      clearInterval(tick);
      clearTimeout(last);
      done(answer);
    };
    const ask = () => {
      let answer;
      try { answer = look(); } catch (error) { answer = undefined; }
      if (answer !== undefined && answer !== null && answer !== false) end(answer);
    };
    const watch = new MutationObserver(ask);
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
    // What changes without a mutation: a clock, a picture that loaded, a field's value.
    const tick = setInterval(ask, 200);
    const last = setTimeout(() => end(null), limit);
    ask();
  }

  window.__page = {
    role, name, shown, all, whenever,
    text: (el) => tidy([...el.childNodes].map((part) => text(part, false)).join(' ')),
    outline() {
      return [...document.querySelectorAll('*')]
        .filter((el) => role(el) && shown(el) && !['none', 'presentation'].includes(role(el)))
        .map((el) => `${role(el)}: ${name(el).slice(0, 100)}`)
        .join('\n');
    },
  };
})();
