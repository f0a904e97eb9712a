// Excerpts in the shape of a kernel's types: what the cases name, with the kinds of members that matter.
enum pid_type { PIDTYPE_PID, PIDTYPE_TGID, PIDTYPE_PGID, PIDTYPE_SID, PIDTYPE_MAX };
enum { HI_SOFTIRQ, TIMER_SOFTIRQ, NET_TX_SOFTIRQ, NET_RX_SOFTIRQ };

struct list_head { struct list_head *next; struct list_head *prev; };
struct qstr { unsigned int hash; unsigned int len; const unsigned char *name; };
struct dentry { unsigned int d_flags; struct dentry *d_parent; struct qstr d_name; };
struct path { void *mnt; struct dentry *dentry; };
struct inode { unsigned short i_mode; unsigned long i_ino; long i_size; };
struct file {
  unsigned int f_mode;
  struct path f_path;
  union { u64 f_version; u32 f_halves[2]; };
  struct inode *f_inode;
  long f_pos;
};
struct in6_addr { u8 bytes[16]; };
struct sock_common {
  u32 skc_daddr;
  u16 skc_dport;
  u16 skc_family;
  unsigned char skc_reuse : 4;
  unsigned char skc_reuseport : 1;
  struct in6_addr skc_v6_daddr;
};
struct sock { struct sock_common __sk_common; int sk_ack_backlog; };
struct sk_buff { unsigned int len; unsigned int data_len; unsigned char *head; unsigned char *data; struct sock *sk; };
struct task_struct {
  unsigned int __state;
  int prio;
  int static_prio;
  pid_t pid;
  pid_t tgid;
  struct task_struct *real_parent;
  struct task_struct *group_leader;
  struct list_head children;
  unsigned sched_reset_on_fork : 1;
  unsigned in_execve : 1;
  unsigned char affinity[8];
  char comm[16];
  u64 start_boottime;
};

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; u64 session_id; u64 seq_num; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
struct bpf_iter__task_file { struct bpf_iter_meta *meta; struct task_struct *task; u32 fd; struct file *file; };
