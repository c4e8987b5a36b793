/** Line icons on a 24 by 24 grid; decoration only, so never read out. */

const PATHS = {
  bell: "M6 17c1.5-1.6 2-3.5 2-7a4 4 0 0 1 8 0c0 3.5.5 5.4 2 7zM10.2 20a2 2 0 0 0 3.6 0",
  info: "M12 11v5M12 8v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  success: "M8.5 12.5l2.5 2.5 4.5-5.5M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  warning:
    "M12 9.5v4M12 16.5v.01M10.6 4.6 2.9 18a1.6 1.6 0 0 0 1.4 2.4h15.4a1.6 1.6 0 0 0 1.4-2.4L13.4 4.6a1.6 1.6 0 0 0-2.8 0",
  error: "M9 9l6 6M15 9l-6 6M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  alert: "M12 7.5v5M12 16v.01M8.2 3h7.6L21 8.2v7.6L15.8 21H8.2L3 15.8V8.2z",
  security: "M12 3l7 2.5V11c0 4.6-2.9 8.2-7 10-4.1-1.8-7-5.4-7-10V5.5zM9.5 11.8l1.8 1.8 3.4-3.6",
  system: "M4 5h16v6H4zM4 14h16v5H4zM7.5 8v.01M7.5 16.5v.01",
  user_action: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20c.8-3.5 3.8-5.5 7.5-5.5s6.7 2 7.5 5.5",
  admin:
    "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M9 19.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5",
  progress_update: "M12 3a9 9 0 1 1-8.5 6M12 7.5V12l3 2",
  allRead: "M3.5 12.5l4 4 8-9M12 16.5l8.5-9",
  check: "M5 12.5l4.5 4.5L19 7",
  unread: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8",
  pin: "M9 3.5h6l-.8 6 3.3 3.5H6.5l3.3-3.5zM12 13v7.5",
  snooze: "M12 8v4.5l3 1.8M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0",
  close: "M6 6l12 12M18 6L6 18",
  delete: "M4.5 6.5h15M9.5 6.5v-2h5v2M6.5 6.5l1 13.5h9l1-13.5M10 10.5v6M14 10.5v6",
  restore: "M4.5 9.5h9a5 5 0 0 1 0 10H9M8 5.5l-4 4 4 4",
  settings:
    "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4M12 3v2.6M12 18.4V21M3 12h2.6M18.4 12H21M5.6 5.6l1.9 1.9M16.5 16.5l1.9 1.9M18.4 5.6l-1.9 1.9M7.5 16.5l-1.9 1.9",
  filter: "M4 6.5h16M7 12h10M10 17.5h4",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20",
  back: "M14.5 5.5 8 12l6.5 6.5",
  offline: "M4 4l16 16M7 8.6A7 7 0 0 0 5 17.5h11M19.5 15.5A4 4 0 0 0 17.5 10 6 6 0 0 0 10.5 6.300",
  sound: "M4 9.5v5h3.5l4.5 4v-13l-4.5 4zM15.5 9a4 4 0 0 1 0 6M18 6.5a7.5 7.5 0 0 1 0 11",
  desktop: "M4 4.5h16v11H4zM12 15.5v4M8.5 19.5h7",
  high: "M6 14l6-6 6 6",
  urgent: "M6 17l6-6 6 6M6 11l6-6 6 6",
  low: "M6 10l6 6 6-6",
} as const;

export type IconName = keyof typeof PATHS;

/** The icon of a name; a bell for a name that has none, such as a type of the application's own. */
export function Icon({ name }: { name: string }) {
  return (
    <svg className="nt-icon" data-icon={name} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={Object.hasOwn(PATHS, name) ? PATHS[name as IconName] : PATHS.bell} />
    </svg>
  );
}
