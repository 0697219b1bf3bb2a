/** Where the service stands: the folder of the page, so that it also works behind a path prefix. */
export function address(path: string): string {
  return new URL(path, document.baseURI.replace(/[#?].*$/, "")).href;
}
