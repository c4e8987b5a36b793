/** Arabic, written from right to left. */
import type { Localization } from "./en";
import { plural } from "./plural";

const LOCALE = "ar";
const digits = new Intl.NumberFormat(LOCALE);

/** The four forms that a counted noun takes. */
function count(n: number, [one, two, few, many]: [string, string, string, string]): string {
  const told = digits.format(n);
  return plural(LOCALE, n, {
    one,
    two,
    few: `${told} ${few}`,
    many: `${told} ${many}`,
    other: `${told} ${many}`,
  });
}

const items = (n: number) => count(n, ["إشعار واحد", "إشعاران", "إشعارات", "إشعارًا"]);

export const ar: Localization = {
  locale: LOCALE,
  dir: "rtl",

  title: "الإشعارات",
  bell: (n, more) =>
    n === 0 ? "الإشعارات، لا جديد" : `الإشعارات، ${more ? "أكثر من " : ""}${digits.format(n)} غير مقروءة`,
  close: "إغلاق",
  back: "العودة إلى القائمة",
  cancel: "إلغاء",
  retry: "إعادة المحاولة",
  undo: "تراجع",
  toUndo: "المفتاح F8 يقود إلى التراجع.",

  all: "الكل",
  unread: "غير مقروءة",
  pinned: "مثبّتة",
  snoozed: "مؤجّلة",
  done: "منجزة",
  markAllRead: "تعليم الكل كمقروء",
  filters: "عوامل التصفية",
  search: "بحث",
  type: "النوع",
  priority: "الأولوية",
  source: "المصدر",
  tag: "الوسم",
  subscribedOnly: "ما أشترك فيه فقط",
  any: "الكل",
  clearFilters: "مسح عوامل التصفية",
  atLeast: (priority) => `${priority} فما فوق`,

  today: "اليوم",
  yesterday: "أمس",
  now: "الآن",
  list: "قائمة الإشعارات",
  loading: "جارٍ التحميل …",
  emptyTitle: "لا جديد",
  emptyText: "تظهر الإشعارات الجديدة هنا لحظة وصولها.",
  noMatchTitle: "لا نتائج",
  noMatchText: "لا إشعار يطابق عوامل التصفية هذه.",
  errorTitle: "تعذّر تحميل القائمة",
  errorText: "تعذّر التحميل.",
  end: "هذا كل شيء",
  newer: (n) => count(n, ["إشعار جديد", "إشعاران جديدان", "إشعارات جديدة", "إشعارًا جديدًا"]),
  keys: "الأسهم للتنقل، Enter للفتح، X للتحديد، R مقروء، P تثبيت، S تأجيل، D إنجاز، Delete حذف.",

  isUnread: "غير مقروء",
  isSelected: "محدّد",
  isPinned: "مثبّت",
  from: (name) => `من ${name}`,
  group: (n) => count(n, ["حدث واحد", "حدثان", "أحداث", "حدثًا"]),
  open: "فتح",
  markRead: "تعليم كمقروء",
  markUnread: "تعليم كغير مقروء",
  pin: "تثبيت",
  unpin: "إلغاء التثبيت",
  snooze: "تأجيل",
  dismiss: "إنجاز",
  restore: "إعادة إلى القائمة",
  delete: "حذف",
  select: (title) => `تحديد ${title}`,
  until: (time) => `مؤجّل حتى ${time}`,
  showAll: "عرض الكل",
  showLess: "عرض أقل",
  picture: "صورة مرفقة",
  progress: "التقدّم",

  inAnHour: "بعد ساعة",
  inThreeHours: "بعد ثلاث ساعات",
  tomorrow: "صباح الغد",
  nextWeek: "الاثنين القادم",

  selection: "التحديد",
  selected: (n) => `تم تحديد ${items(n)}`,
  selectAll: "تحديد كل المعروض",
  clearSelection: "إلغاء التحديد",
  dropHere: "أفلت هنا",

  didDismiss: (n) => `تم إنجاز ${items(n)}`,
  didDelete: (n) => `تم حذف ${items(n)}`,
  didSnooze: (n) => `تم تأجيل ${items(n)}`,
  didPin: (n) => `تم تثبيت ${items(n)}`,
  didRead: (n) => `تم تعليم ${items(n)} كمقروء`,
  refused: "لم ينجح ذلك",

  settings: "إعدادات الإشعارات",
  subscriptions: "ما أودّ معرفته",
  subscriptionsText: "النوع المتوقف يبقى في القائمة، لكنه لا يُعلَن ولا يُحسب.",
  required: "مفعّل دائمًا",
  sound: "الصوت",
  soundText: "نغمة قصيرة عند وصول شيء.",
  desktop: "إشعارات سطح المكتب",
  desktopText: "يعرضها نظامك عندما تكون هذه الصفحة في الخلفية.",
  desktopDenied: "محظورة في إعدادات المتصفح لهذا الموقع.",
  askTitle: "عرض الإشعارات على سطح المكتب؟",
  askText:
    "سيسألك متصفحك بعد ذلك. إن سمحت، سترى ما يصل حتى عندما تكون هذه الصفحة في الخلفية. يمكنك إيقاف ذلك هنا في أي وقت، ولا يُرسل شيء إلى الآخرين.",
  allow: "متابعة",
  notNow: "ليس الآن",

  acknowledge: "تأكيد",
  acknowledged: "تم التأكيد",
  acknowledgeTitle: "يرجى التأكيد",
  later: "لاحقًا",

  away: (n) => `وصل ${items(n)} أثناء غيابك`,
  more: (n) => `${items(n)} أخرى`,
  arrived: (title) => `إشعار جديد: ${title}`,
  status: {
    connecting: "جارٍ الاتصال",
    connected: "متصل",
    reconnecting: "إعادة الاتصال",
    offline: "دون اتصال",
    refused: "غير متصل",
  },
  waiting: (n) => `بانتظار الإرسال: ${digits.format(n)}`,
  priorities: { low: "منخفضة", normal: "عادية", high: "مرتفعة", urgent: "عاجلة", critical: "حرجة" },
  types: {
    system: "النظام",
    user_action: "الأشخاص",
    progress_update: "التقدّم",
    alert: "التنبيهات",
    error: "الأخطاء",
    success: "النجاحات",
    info: "المعلومات",
    warning: "التحذيرات",
    admin: "الإدارة",
    security: "الأمان",
  },
};
