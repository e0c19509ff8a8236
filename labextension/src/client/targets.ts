/** Which notebook: by its path in the file browser, or by the job's name. */
export type Target = { path: string } | { job: string };
