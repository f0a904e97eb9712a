enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID };
struct list_head { struct list_head *next; struct list_head *prev; };
struct qstr { unsigned int len; unsigned char *name; };
struct dentry { unsigned int d_flags; struct dentry *d_parent; struct qstr d_name; };
struct path { void *mnt; struct dentry *dentry; };
struct inode { unsigned short i_mode; unsigned long i_ino; long i_size; };
struct file { struct path f_path; struct inode *f_inode; long f_pos; };
struct task_struct {
  unsigned int __state;
  int prio;
  pid_t pid;
  pid_t tgid;
  struct task_struct *real_parent;
  struct list_head children;
  unsigned sched_reset_on_fork : 1;
  unsigned in_execve : 1;
  unsigned char affinity[8];
  char comm[16];
};
