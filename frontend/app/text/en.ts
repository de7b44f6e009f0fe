/** All that the page says, in English; what the service itself says is in `problems` only where it would be said worse. */

const tasks = (count: number) => (count === 1 ? "1 task" : `${count} tasks`);

export const en = {
  quoted: (text: string) => `“${text}”`,
  tasks,
  undo: "Undo",
  cancel: "Cancel",
  close: "Close",
  dismiss: "Dismiss",
  tryAgain: "Try again",
  none: "none",

  views: {
    title: "Views",
    open: "Open",
    today: "Today",
    week: "Next 7 days",
    overdue: "Overdue",
    completed: "Completed",
    all: "All tasks",
    trash: "Trash",
    tags: "Tags",
    other: "Tasks",
  },
  summary: (completed: number, total: number, overdue: number) =>
    `${completed} of ${total} completed${overdue ? `, ${overdue} overdue` : ""}`,
  skip: "Skip to the tasks",

  priorities: { urgent: "Urgent", high: "High", medium: "Medium", low: "Low" },
  days: { yesterday: "Yesterday", today: "Today", tomorrow: "Tomorrow" },

  fields: { title: "Title", notes: "Notes", priority: "Priority", due: "Due", time: "Time", tags: "Tags" },
  left: (characters: number) => `${characters} characters left`,
  tooLong: (characters: number) =>
    `${characters} ${characters === 1 ? "character" : "characters"} too many: the rest may go into the notes.`,
  tagsFull: (most: number) => `No more than ${most} tags`,
  tagsExample: "home, errands",
  tagsAlike: "Tags like it",
  newTag: (tag: string) => `New tag “${tag}”`,
  removeTag: (tag: string) => `Remove tag ${tag}`,

  add: {
    form: "Add a task",
    title: "Title of a new task",
    details: "Details",
    add: "Add",
    where: (what: string) => `Added ${what} to Open`,
    show: "Show",
    lines: (count: number) => `Added ${tasks(count)}`,
    linesTitle: (count: number) => `Add ${tasks(count)}?`,
    linesText: "Each line of what you pasted becomes a task.",
    linesAction: "Add them",
  },

  task: {
    list: "Tasks",
    completed: (title: string) => `Completed: ${title}`,
    select: (title: string) => `Select: ${title}`,
    remove: (title: string) => `Delete: ${title}`,
    restore: (title: string) => `Restore: ${title}`,
    onlyTag: (tag: string) => `Tag ${tag}: show only`,
    waiting: "Waiting to be sent",
    overdue: ", overdue",
    deleted: (when: string) => `Deleted ${when}`,
  },

  dialog: {
    edit: "Edit task",
    new: "New task",
    save: "Save",
    saving: "Saving…",
    kept: "Kept; it will be saved when the server answers.",
    discarded: "Changes discarded",
  },

  conflict: {
    says: "This task was changed somewhere else in the meantime. It now says:",
    mine: "Save mine",
    theirs: "Take theirs",
  },
  refused: {
    title: (title: string) => `“${title}” was not saved.`,
    review: "Review",
    discard: "Discard",
  },

  done: {
    completed: (what: string) => `Completed ${what}`,
    deleted: (what: string) => `Moved ${what} to the trash`,
    restored: (what: string) => `Restored ${what}`,
    emptied: "The trash is empty",
  },
  failed: {
    complete: "Not completed",
    delete: "Not deleted",
    restore: "Not restored",
    "empty-trash": "Not emptied",
    other: "Not saved",
  },

  toolbar: {
    search: "Search",
    searchTasks: "Search tasks",
    due: "Due",
    dues: { any: "Any due date", overdue: "Overdue", today: "Today", week: "Next 7 days" },
    priority: "Priority",
    anyPriority: "Any priority",
    sort: "Sort",
    sorts: {
      "-created": "Newest first",
      due_date: "Due date",
      "-priority": "Priority",
      title: "Title",
      "-updated": "Last changed",
    },
    select: "Select",
    withoutTag: (tag: string) => `Stop filtering by tag ${tag}`,
    clear: "Clear filters",
  },

  selection: {
    title: "Selected tasks",
    none: "Select tasks",
    count: (count: number) => `${count} selected`,
    all: "Select all",
    complete: "Complete",
    reopen: "Reopen",
    delete: "Delete",
    restore: "Restore",
  },

  list: {
    loading: "Loading your tasks",
    more: "Show more",
    loadingMore: "Loading…",
    noMatch: "No task matches.",
    showAll: "Show all",
    noneCompleted: "What you complete is kept here.",
    clear: "All clear.",
    begin: "Write down what is next, and press Enter.",
    stale: "This list may be out of date.",
    elsewhere: (count: number) => `${count} more in all tasks`,
    awaited: {
      tasks: "Your tasks will be here as soon as the server answers.",
      trash: "Your trash will be here as soon as the server answers.",
    },
  },

  trash: {
    list: "Deleted tasks",
    wait: (days: number) =>
      `Deleted tasks wait here for ${days === 0 ? "a while" : days === 1 ? "a day" : `${days} days`} before they are erased.`,
    none: "The trash is empty.",
    empty: "Empty trash",
    emptyTitle: "Empty the trash?",
    emptyText: "Everything in it is erased. Nothing brings it back.",
    restore: "Restore",
  },

  signIn: {
    title: "Sign in",
    titleNew: "Create your account",
    elsewhere: "You have signed out in another tab.",
    ended: "Your session has ended. Sign in again to go on; what you typed is still here.",
    name: "Name",
    email: "E-mail",
    password: "Password",
    shortest: (characters: number) => `At least ${characters} characters`,
    show: "Show",
    hide: "Hide",
    busy: "One moment…",
    create: "Create account",
    hasOne: "You have an account?",
    hasNone: "New here?",
    createOne: "Create an account",
    noAnswer: "The sign-in service cannot answer now.",
    noReach: "The sign-in service cannot be reached.",
    tooMany: (seconds: string | null) => `Too many attempts. Try again in ${seconds ?? "a few"} seconds.`,
  },

  account: {
    menu: (initials: string, name: string) => `${initials}, account of ${name}`,
    signOut: "Sign out",
    stillIn: "You are still signed in.",
    signOutTitle: "Sign out now?",
    signOutText: "Some changes have not been sent yet. If you sign out now, they are lost.",
    manage: "Export, erase…",
    title: "Your account",
    exportTitle: "Take your tasks along",
    exportText: "All tasks in one file, those in the trash not among them.",
    formats: { json: "JSON, all there is", csv: "CSV, for spreadsheets", ics: "iCalendar, for calendars" },
    eraseTitle: "Erase your account",
    eraseText: "All your tasks and your sign-in are erased, on every device. Nothing brings them back.",
    erase: "Erase…",
    eraseAction: "Erase everything",
    wrongPassword: "That is not your password.",
  },

  theme: { title: "Theme", system: "Auto", light: "Light", dark: "Dark" },

  shortcuts: {
    title: "Keyboard shortcuts",
    add: "Add a task",
    search: "Search",
    move: "Next, previous task",
    open: "Open the task",
    complete: "Complete it, or reopen it",
    select: "Select it",
    range: "Select all from the last one selected",
    delete: "Delete it",
    save: "Save what is open",
    undo: "Undo what was just done",
    close: "Close, cancel",
    list: "This list",
    letters: "Single letters work as shortcuts",
    keys: { enter: "Enter", shift: "Shift", control: "Ctrl", escape: "Esc", delete: "Delete" },
  },

  notices: "Notices",
  update: { found: "A new version of this page is here.", use: "Use it" },
  link: {
    offline: "You are offline.",
    away: "The server does not answer.",
    limited: "That was a lot at once.",
    nothing: "What you change is kept and sent later.",
    kept: (changes: number) => `${changes === 1 ? "1 change is" : `${changes} changes are`} kept and will be sent.`,
    now: "Try now",
    next: (seconds: number) => `Next try in ${seconds} s`,
    trying: "Trying…",
  },

  wentWrong: "Something went wrong.",
  partly: (failed: number, all: number) => `${failed} of ${all} tasks could not be changed.`,
  inDoubt: "It may have been, some time ago: look for it before you save it again.",
  /** By type or code, in place of what the service or the sign-in says. */
  problems: {} as Readonly<Record<string, string>>,
  unreachable: null as string | null,
};

export type Texts = typeof en;
