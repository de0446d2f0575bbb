// Listens to the last recording of a page in Chromium.

/** Runs in the page: how far the sound came, and how loud its loudest sample was. */
export async function listened(wantedSecs) {
  const players = document.querySelectorAll(
    "[data-testid=lines] [data-testid=voice-player]",
  );
  const player = players[players.length - 1];
  const audio = player.querySelector("audio");
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const until = async (what, is) => {
    for (let tries = 0; !is(); tries += 1) {
      if (tries > 600)
        throw new Error(`${what}: ${audio.currentTime} of ${audio.duration}`);
      await pause(50);
    }
  };
  await until("it plays", () => !audio.paused || audio.ended);
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 32768;
  const source = context.createMediaElementSource(audio);
  source.connect(analyser);
  analyser.connect(context.destination);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  await until("it goes on", () => {
    analyser.getFloatTimeDomainData(samples);
    for (const one of samples) loudest = Math.max(loudest, Math.abs(one));
    return audio.ended || (audio.currentTime >= wantedSecs && loudest > 0.01);
  });
  return { at: audio.currentTime, length: audio.duration, loudest };
}
