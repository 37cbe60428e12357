// The last of the scripts: begins, and says if something went wrong.

start().catch((error) => {
  const place = document.getElementById("problem");
  place.hidden = false;
  place.textContent = `The pictures could not be drawn (${error.message}): the texts and tables are all here.`;
  throw error;
});
