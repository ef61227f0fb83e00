/* Style attributes that scripts write as text are refused by our policy, as they should be in pages; the same declarations
   through the style object are not. Plotly writes two as text: here they take the other way. */
"use strict";

(() => {
  const asText = Element.prototype.setAttribute;
  SVGElement.prototype.setAttribute = function setAttribute(name, value) {
    if (name === "style") this.style.cssText = value;
    else asText.call(this, name, value);
  };
})();
