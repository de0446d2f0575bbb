// Makes a photo as small as it is shown, in the browser: the server keeps photos of contacts as they come,
// and draws the own picture anew.

const SIDE = 512;
const QUALITY = 0.85;

/** A JPEG of at most 512 pixels on each side. Throws if the file is no image. */
export async function smaller(file: Blob): Promise<Blob> {
  const image = await createImageBitmap(file);
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(image.width * scale));
  canvas.height = Math.max(1, Math.round(image.height * scale));
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return new Promise((resolve, reject) => {
    const done = (blob: Blob | null) =>
      blob === null ? reject(new Error("the browser made no image")) : resolve(blob);
    canvas.toBlob(done, "image/jpeg", QUALITY);
  });
}
