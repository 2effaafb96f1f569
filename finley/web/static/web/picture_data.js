/* Reads the picture's bytes: the length of a JSON object, the object, then the arrays it names. */
globalThis.finleyPicture = (buffer) => {
  const types = {
    "|u1": Uint8Array, "<u4": Uint32Array, "<i4": Int32Array, "<f4": Float32Array,
  };
  const length = new DataView(buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  let at = 4 + length;
  const arrays = {};
  for (const [name, type, count] of head.arrays) {
    const Type = types[type];
    arrays[name] = new Type(buffer, at, count);
    const bytes = count * Type.BYTES_PER_ELEMENT;
    at += bytes + ((8 - (bytes % 8)) % 8);
  }
  const id = (node) => {
    const hex = Array.from(arrays.ids.subarray(16 * node, 16 * node + 16),
      (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20),
      hex.slice(20)].join("-");
  };
  return { ...head, ...arrays, id };
};
