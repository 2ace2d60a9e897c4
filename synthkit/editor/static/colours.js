// Colours [red, green, blue] as browsers hold pixels.

// One opaque pixel of an ImageData seen as a Uint32Array; `shade` below 1 darkens.
export const packed = ([red, green, blue], shade = 1) =>
  ((255 << 24) | ((blue * shade) << 16) | ((green * shade) << 8) | (red * shade)) >>> 0;

export const css = colour => `rgb(${colour.join(" ")})`;
